// JSON lines on standard input and output.

import { createInterface } from 'node:readline';

export async function* plans() {
  for await (const line of createInterface({ input: process.stdin })) yield JSON.parse(line);
}

export function emit(event) {
  return new Promise((resolve) => process.stdout.write(JSON.stringify(event) + '\n', resolve));
}
