// A feed of prices in plain JSON, with the package ws. A session is given by the
// server and named by the client; two subscriptions tick side by side. Changed, the
// tenth price of B is another one, and a notice comes that did not come before.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';

const length = 12; // ticks of a subscription

function ticks(say, symbol, changed) {
  let n = 0;
  const timer = setInterval(() => {
    n++;
    const price = symbol.charCodeAt(0) * 100 + n + (changed && symbol === 'B' && n === 10 ? 0.5 : 0);
    say({ type: 'tick', symbol, n, price, at: new Date().toISOString() });
    if (n === length) {
      clearInterval(timer);
      say({ type: 'finished', symbol });
    }
  }, 7);
  return timer;
}

export function serve(server, { deflate, changed }) {
  new WebSocketServer({ server, path: '/feed', perMessageDeflate: deflate }).on('connection', (socket) => {
    const session = randomUUID();
    const timers = [];
    const say = (m) => socket.send(JSON.stringify(m));
    say({ type: 'welcome', session, at: Date.now() });
    socket.on('close', () => timers.forEach(clearInterval));
    socket.on('message', (data) => {
      const m = JSON.parse(data);
      if (m.session !== session) return socket.close(4401, 'another session');
      if (m.type === 'subscribe') {
        say({ type: 'subscribed', request: m.request, symbols: m.symbols });
        if (changed && m.request === 1) say({ type: 'notice', text: 'prices are late today' });
        timers.push(...m.symbols.map((symbol) => ticks(say, symbol, changed)));
      } else {
        say({ type: 'summary', request: m.request, ticks: 3 * length });
        socket.close(4000, 'that was all');
      }
    });
  });
}

export async function talk(url, agent, hear) {
  const socket = new WebSocket(`${url}/feed?market=test`, { agent, perMessageDeflate: { threshold: 0 } });
  let session;
  let request = 0;
  let finished = 0;
  const say = (m) => socket.send(JSON.stringify({ ...m, request: ++request, session }));
  socket.on('message', (data, binary) => {
    const m = JSON.parse(data);
    hear(binary ? 'binary' : 'text', m);
    if (m.type === 'welcome') {
      session = m.session;
      say({ type: 'subscribe', symbols: ['A'] });
    }
    if (m.type === 'tick' && m.symbol === 'A' && m.n === 4) say({ type: 'subscribe', symbols: ['B', 'C'] });
    if (m.type === 'finished' && ++finished === 3) say({ type: 'leave' });
  });
  const [code, reason] = await once(socket, 'close');
  hear('closed', [code, reason.toString()]);
}
