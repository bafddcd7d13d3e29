// A client on the WebSocket that browsers and Node have built in. It can neither
// ping nor fragment.

import { Journal, Inbox, play } from './play.mjs';

export async function run(plan, emit) {
  const journal = new Journal(plan.case, emit);
  const inbox = new Inbox(journal);
  const socket = new WebSocket(plan.url, plan.protocols ?? []);
  socket.binaryType = 'arraybuffer';
  const opened = new Promise((resolve) => {
    socket.onopen = () => {
      journal.note('open', { subprotocol: socket.protocol, extensions: socket.extensions });
      resolve(true);
    };
    socket.onerror = () => resolve(false);
    socket.onclose = ({ code, reason }) => {
      resolve(false);
      inbox.end(code, reason);
    };
  });
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') inbox.add('text', data);
    else inbox.add('binary', new Uint8Array(data));
  };
  if (!(await opened)) {
    await journal.note('failed', { error: 'the WebSocket did not open' });
    return;
  }
  const peer = {
    send(_, data) {
      const open = socket.readyState === WebSocket.OPEN;
      if (open) socket.send(data);
      return open;
    },
    close: (code, reason) => (code ? socket.close(code, reason) : socket.close()),
  };
  await play(peer, inbox, journal, plan.steps);
}
