// Checks HTTP Archives against the JSON schema of HAR 1.2 in the package har-schema:
// node carry_har.mjs FILE…. Prints a line for each fault, and ends with 1 then.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

const require = createRequire(import.meta.url);
const ajv = new Ajv({ allErrors: true, strict: false });
addFormats(ajv);
ajv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-06.json'));
const schemas = require('har-schema');
for (const name of Object.keys(schemas)) ajv.addSchema(schemas[name]);
const check = ajv.getSchema('har.json');

for (const file of process.argv.slice(2)) {
  if (check(JSON.parse(readFileSync(file)))) continue;
  process.exitCode = 1;
  for (const { instancePath, message } of check.errors) console.log(`${file}: ${instancePath}: ${message}`);
}
