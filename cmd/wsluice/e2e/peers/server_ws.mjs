// Server: the npm package ws. Its first input line names certificate and key;
// it ends with its input.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTLSServer } from 'node:https';
import { WebSocketServer } from 'ws';
import { attach } from './library.mjs';
import { emit, plans } from './lines.mjs';
import { Inbox, Journal, play } from './play.mjs';

const compressions = {
  off: false,
  fresh: { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
  takeover: { threshold: 0 },
};

async function serve(socket, request) {
  const url = new URL(request.url, 'ws://host');
  const journal = new Journal(url.pathname.slice(1), emit);
  const inbox = new Inbox(journal);
  const peer = attach(socket, inbox);
  journal.note('open', {
    subprotocol: socket.protocol,
    extensions: socket.extensions,
    headers: request.rawHeaders,
  });
  await play(peer, inbox, journal, JSON.parse(url.searchParams.get('steps')));
}

async function listen(http, perMessageDeflate) {
  const ws = new WebSocketServer({
    server: http,
    perMessageDeflate,
    handleProtocols: (offered) => [...offered].at(-1), // not the first, so that a choice shows
  });
  ws.on('connection', serve);
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  return http.address().port;
}

for await (const { cert, key } of plans()) {
  const ports = {};
  for (const [name, compression] of Object.entries(compressions)) {
    const tls = { cert: readFileSync(cert), key: readFileSync(key) };
    ports[`ws/${name}`] = await listen(createServer(), compression);
    ports[`wss/${name}`] = await listen(createTLSServer(tls), compression);
  }
  await emit({ event: 'listening', ports });
}
process.exit();
