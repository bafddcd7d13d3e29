// Two ends of busy connections, with the npm package ws. The first input line
// says which end this is; it ends with its input.
//
//   {"serve":{"ping":100}}                 reports the port it listens on
//   {"urls":["ws://HOST/NAME?rate=1000&count=5000"],"rate":1000,"deflate":true}
//                                          connects to each, through PROXY
//
// The server sends count messages on a connection, rate a second, and until then a
// ping every so many milliseconds; without a count it sends until the client stops.
// The client sends on all connections until it has heard everything of one. The nth
// message is always the same text of 300 to 600 bytes, and each end holds what it
// receives against that. Reported are open,
// count every hundred messages received, pong, and at the end of a connection
// result: how many came right, those that did not and what was expected then, the
// longest time without any in milliseconds, and how the connection ended.

import { HttpsProxyAgent } from 'https-proxy-agent';
import { WebSocket, WebSocketServer } from 'ws';
import { emit, plans } from './lines.mjs';

const words = 'bid ask last open high low close size venue XETR NYSE LSE EURUSD GBPUSD filled partial cancelled'.split(' ');

// text is the nth message of a side.
function text(side, n) {
  const items = [];
  let state = (n * 2654435761 + 12345) >>> 0;
  for (let i = 0; i < 10 + (n % 10); i++) {
    state = (state * 1664525 + 1013904223) >>> 0;
    items.push(`{"${words[state % words.length]}":${(state >>> 8) % 100000}}`);
  }
  return `{"from":"${side}","n":${n},"items":[${items.join(',')}],"note":"the same words again and again"}`;
}

const ends = [];

class End {
  right = 0;
  expected = 0;
  wrong = [];
  gap = 0;
  pings = 0;

  constructor(name, side, socket, { rate, count, ping }) {
    Object.assign(this, { name, side, socket, rate, count, sent: 0 });
    this.peer = side === 'server' ? 'client' : 'server';
    ends.push(this);
    this.last = performance.now();
    socket.on('message', (data) => this.receive(data.toString()));
    socket.on('error', (err) => (this.error = `${err.code}: ${err.message}`));
    socket.on('close', (code, reason) => this.finish(code, reason.toString()));
    socket.on('pong', () => emit({ case: name, event: 'pong' }));
    emit({ case: name, event: 'open', extensions: socket.extensions });
    this.begun = performance.now();
    this.timers = [setInterval(() => this.send(), 5)];
    if (ping) this.timers.push(setInterval(() => socket.ping(String(this.pings++)), ping));
  }

  send() {
    const due = Math.min(this.count ?? Infinity, ((performance.now() - this.begun) / 1000) * this.rate);
    while (this.sent < due && this.socket.bufferedAmount < 1 << 20) this.socket.send(text(this.side, this.sent++));
    if (this.sent === this.count) this.farewell();
  }

  farewell() {
    if (this.took) return;
    this.took = performance.now() - this.begun;
    this.timers.forEach(clearInterval);
    this.socket.send('that was all');
  }

  receive(got) {
    const now = performance.now();
    this.gap = Math.max(this.gap, now - this.last);
    this.last = now;
    if (got === 'that was all') {
      this.whole = true;
      this.farewell();
      if (this.side === 'client') {
        this.socket.close(1000, 'done');
        ends.forEach((end) => end.farewell());
      }
      return;
    }
    if (got === text(this.peer, this.expected)) {
      this.right++;
      this.expected++;
    } else {
      // Whatever it is, it may stand for the one expected, or for none.
      this.wrong.push({ expected: this.expected, got: got.slice(0, 700) });
      const n = Number(/"n":(\d+),/.exec(got)?.[1]);
      if (got === text(this.peer, n)) this.expected = n + 1;
      else if (got.startsWith('edited')) this.expected++;
    }
    if (this.right % 100 === 0) emit({ case: this.name, event: 'count', count: this.right });
  }

  finish(code, reason) {
    this.timers.forEach(clearInterval);
    const { name, sent, right, wrong, gap, whole, error, took, pings } = this;
    emit({
      case: name, event: 'result', sent, right, wrong: wrong.slice(0, 10), wrongs: wrong.length,
      gap: Math.round(gap), took: Math.round(took ?? 0), whole: whole ?? false, pings, code, reason, error,
    });
  }
}

function serve(options) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: { threshold: 0 } });
  server.on('connection', (socket, request) => {
    const url = new URL(request.url, 'ws://host');
    const { rate, count } = Object.fromEntries([...url.searchParams].map(([k, v]) => [k, Number(v) || undefined]));
    new End(url.pathname.slice(1), 'server', socket, { ...options, rate, count });
  });
  server.on('listening', () => emit({ case: '', event: 'listening', port: server.address().port }));
}

function connect(options) {
  const agent = process.env.PROXY ? new HttpsProxyAgent(process.env.PROXY) : undefined;
  for (const url of options.urls) {
    const socket = new WebSocket(url, { agent, perMessageDeflate: options.deflate && { threshold: 0 } });
    socket.on('open', () => new End(new URL(url).pathname.slice(1), 'client', socket, options));
  }
}

for await (const plan of plans()) {
  if (plan.serve) serve(plan.serve);
  else connect(plan);
}
process.exit();
