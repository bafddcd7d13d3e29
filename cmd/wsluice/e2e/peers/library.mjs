// A socket of the npm package ws, on either side, as a peer that can be played.

export function attach(socket, inbox) {
  socket.on('message', (data, binary) => {
    if (binary) inbox.add('binary', data);
    else inbox.add('text', data.toString());
  });
  socket.on('ping', (data) => inbox.add('ping', data));
  socket.on('pong', (data) => inbox.add('pong', data));
  socket.on('close', (code, reason) => inbox.end(code, reason.toString()));
  socket.on('error', () => {}); // a close event follows

  // What cannot be sent because the connection is closing was not sent.
  const done = (start) => new Promise((resolve) => start((err) => resolve(!err)));
  return {
    send: (type, data) => done((cb) => socket.send(data, { binary: type === 'binary' }, cb)),
    ping: (data) => done((cb) => socket.ping(data, undefined, cb)),
    async fragments(texts, ping) {
      for (const [i, text] of texts.entries()) {
        await done((cb) => socket.send(text, { fin: i === texts.length - 1 }, cb));
        if (i === 0) await this.ping(ping);
      }
    },
    close: (code, reason) => (code ? socket.close(code, reason) : socket.close()),
  };
}
