// Client: the npm package ws, through https-proxy-agent.

import { HttpsProxyAgent } from 'https-proxy-agent';
import { WebSocket } from 'ws';
import { attach } from './library.mjs';
import { emit, plans } from './lines.mjs';
import { Inbox, Journal, play } from './play.mjs';

const agent = process.env.PROXY ? new HttpsProxyAgent(process.env.PROXY) : undefined;

async function run(plan) {
  const journal = new Journal(plan.case, emit);
  const inbox = new Inbox(journal);
  const socket = new WebSocket(plan.url, plan.protocols ?? [], {
    agent,
    headers: plan.headers,
    origin: plan.origin,
    perMessageDeflate: plan.deflate ? { threshold: 0 } : false,
  });
  const peer = attach(socket, inbox);
  const failure = await new Promise((resolve) => {
    socket.on('open', () => {
      journal.note('open', { subprotocol: socket.protocol, extensions: socket.extensions });
      resolve(null);
    });
    socket.on('unexpected-response', async (_, response) => {
      const body = await new Response(response).text();
      resolve({ status: response.statusCode, headers: response.rawHeaders, body });
    });
    socket.on('error', (err) => resolve({ error: `${err.code}: ${err.message}` }));
  });
  if (failure) {
    await journal.note(failure.status ? 'refused' : 'failed', failure);
    return;
  }
  await play(peer, inbox, journal, plan.steps);
}

for await (const plan of plans()) await run(plan);
