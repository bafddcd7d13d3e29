// One connection of the npm package ws that does as it is told and tells all that
// it sees. Input lines:
//
//   {"url":"ws://…","deflate":true,"headers":{}}   connects, through PROXY
//   {"send":"text"}  {"ping":"x"}  {"close":1000}  {"terminate":true}
//
// Reported are open, with the header fields of the response; message, pong, closed
// and refused with what came; socket, an error of the TCP connection; error, one
// of the WebSocket; each with the time in milliseconds.

import { HttpsProxyAgent } from 'https-proxy-agent';
import { WebSocket } from 'ws';
import { emit, plans } from './lines.mjs';

let socket;

const tell = (event, fields = {}) => emit({ event, ms: performance.now(), ...fields });

function connect({ url, deflate, headers }) {
  const agent = process.env.PROXY ? new HttpsProxyAgent(process.env.PROXY) : undefined;
  socket = new WebSocket(url, { agent, headers, perMessageDeflate: deflate ? { threshold: 0 } : false });
  let head = {};
  socket.on('upgrade', (response) => {
    head = response.headers;
    response.socket.on('error', (err) => tell('socket', { error: err.code }));
  });
  socket.on('open', () => tell('open', { headers: head, extensions: socket.extensions }));
  socket.on('message', (data, binary) => tell('message', binary ? { base64: data.toString('base64') } : { text: data.toString() }));
  socket.on('pong', (data) => tell('pong', { text: data.toString() }));
  socket.on('close', (code, reason) => tell('closed', { code, reason: reason.toString() }));
  socket.on('error', (err) => tell('error', { error: err.code ?? err.message }));
  socket.on('unexpected-response', async (_, response) => {
    tell('refused', { code: response.statusCode, headers: response.headers, text: await new Response(response).text() });
  });
}

for await (const line of plans()) {
  if (line.url) connect(line);
  else if (line.send !== undefined) tell('sent', { text: line.send }).then(() => socket.send(line.send));
  else if (line.ping !== undefined) socket.ping(line.ping);
  else if (line.close) socket.close(line.close);
  else socket.terminate();
}
process.exit();
