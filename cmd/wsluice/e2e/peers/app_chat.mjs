// A chat room with Socket.IO: acknowledgements, broadcasts, ids the server gives and
// the client names, a binary attachment, and the heartbeat of Engine.IO. Changed, the
// room welcomes in other words.

import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';

export function serve(http, { deflate, changed }) {
  const rooms = new Server(http, {
    transports: ['websocket'], serveClient: false, pingInterval: 500, perMessageDeflate: deflate,
  });
  rooms.on('connection', (socket) => {
    const said = new Set();
    let name;
    socket.emit('welcome', { room: 'lobby', text: changed ? 'Who are you?' : 'Welcome to the lobby 👋', at: new Date() });
    socket.on('join', (as, done) => {
      name = as;
      socket.join('lobby');
      done({ ok: true, topic: 'prices & news' });
      rooms.to('lobby').emit('joined', { name });
    });
    socket.on('say', (text, done) => {
      const id = randomUUID();
      said.add(id);
      done({ id });
      rooms.to('lobby').emit('said', { id, from: name, text, at: Date.now() });
    });
    socket.on('seen', (id) => {
      if (said.has(id)) rooms.to('lobby').emit('seen', { id, by: name });
      else socket.emit('trouble', 'no such message');
    });
    socket.on('picture', (data, done) => {
      done({ bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') });
      rooms.to('lobby').emit('thumbnail', { from: name, data: data.subarray(0, 16) });
    });
    socket.on('leave', (done) => done('bye'));
  });
}

export async function talk(url, agent, hear) {
  const socket = io(url, { transports: ['websocket'], agent, reconnection: false, forceNew: true });
  const waiting = [];
  const event = (name) => new Promise((resolve) => waiting.push({ name, resolve }));
  socket.onAny((name, data) => {
    hear(name, data);
    const at = waiting.findIndex((w) => w.name === name);
    if (at >= 0) waiting.splice(at, 1)[0].resolve(data);
  });
  const ask = (name, ...args) =>
    new Promise((resolve) => {
      socket.emit(name, ...args, (answer) => {
        hear(`${name} done`, answer);
        resolve();
      });
    });
  const welcome = event('welcome');
  await once(socket, 'connect');
  const beat = once(socket.io.engine, 'ping');
  await welcome;
  await ask('join', 'Ada');
  for (const text of ['hello', 'grüße 世界', 'hello']) {
    const said = event('said');
    await ask('say', text);
    const seen = event('seen');
    socket.emit('seen', (await said).id);
    await seen;
  }
  const thumbnail = event('thumbnail');
  await ask('picture', Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * i) % 251)));
  await thumbnail;
  await beat;
  await ask('leave');
  const gone = once(socket, 'disconnect');
  socket.disconnect();
  hear('disconnected', await gone);
}
