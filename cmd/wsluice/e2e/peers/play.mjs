// Plays one end of a conversation, as a client or as a server, in Node or in a
// page, and writes down what it sent and what it received. See ../doc.go for
// the plan it follows and the events it reports.

const encoder = new TextEncoder();

// Journal reports the events of one case in the order they happened.
export class Journal {
  #tail = Promise.resolve();

  constructor(name, emit) {
    this.name = name;
    this.emit = emit;
  }

  note(event, fields = {}) {
    this.#tail = this.#tail.then(() => this.emit({ case: this.name, event, ...fields }));
    return this.#tail;
  }

  // message notes a message whose data is a string (text) or a Uint8Array.
  message(event, type, data) {
    const bytes = typeof data === 'string' ? encoder.encode(data) : data;
    const digest = crypto.subtle.digest('SHA-256', bytes);
    this.#tail = this.#tail.then(async () => {
      const sha256 = hex(new Uint8Array(await digest));
      await this.emit({ case: this.name, event, type, size: bytes.length, sha256 });
    });
  }
}

// Inbox holds what has arrived until the steps ask for it.
export class Inbox {
  #messages = [];
  #wake = () => {};
  #pongs = 0;
  ended = null; // the close event's fields once the connection is over

  constructor(journal) {
    this.journal = journal;
  }

  add(type, data) {
    this.journal.message('received', type, data);
    if (type === 'text' || type === 'binary') this.#messages.push({ type, data });
    if (type === 'pong') this.#pongs++;
    this.#wake();
  }

  end(code, reason) {
    this.ended ??= { code, reason };
    this.#wake();
  }

  // next returns the next data message, or undefined when the connection ended.
  async next() {
    await this.#until(() => this.#messages.length > 0);
    return this.#messages.shift();
  }

  async pong() {
    await this.#until(() => this.#pongs > 0);
    this.#pongs--;
  }

  async over() {
    await this.#until(() => false);
  }

  #until(ready) {
    return new Promise((resolve) => {
      const look = () => {
        if (ready() || this.ended) resolve();
      };
      this.#wake = look;
      look();
    });
  }
}

// play runs the steps on a peer and returns when the connection is over.
export async function play(peer, inbox, journal, steps) {
  const send = async (type, data) => {
    if (await peer.send(type, data)) journal.message('sent', type, data);
  };
  for (const step of steps ?? []) {
    if (inbox.ended) break;
    switch (step.do) {
      case 'send':
        await send(step.type, payload(step));
        break;
      case 'fragments': {
        const texts = step.texts.map((text) => text.repeat(step.repeat));
        await peer.fragments(texts, step.ping);
        journal.message('sent', 'text', texts.join(''));
        journal.message('sent', 'ping', step.ping);
        break;
      }
      case 'ping':
        await peer.ping(step.text);
        journal.message('sent', 'ping', step.text);
        await inbox.pong();
        break;
      case 'receive':
        for (let i = 0; i < step.count; i++) await inbox.next();
        break;
      case 'echo':
        for (let m; (m = await inbox.next()) && !inbox.ended; ) await send(m.type, m.data);
        break;
      case 'close':
        peer.close(step.code, step.reason);
        break;
      default:
        throw new Error(`unknown step ${JSON.stringify(step)}`);
    }
  }
  await inbox.over();
  await journal.note('closed', inbox.ended);
}

// payload returns the data of a send step: given, or noise of the given size.
function payload({ type, text, base64, size }) {
  if (size === undefined) {
    return type === 'text' ? (text ?? '') : Uint8Array.from(atob(base64 ?? ''), (c) => c.charCodeAt(0));
  }
  const noise = new Uint8Array(type === 'text' ? size / 2 : size);
  for (let i = 0; i < noise.length; i += 65536) crypto.getRandomValues(noise.subarray(i, i + 65536));
  return type === 'text' ? hex(noise) : noise;
}

function hex(bytes) {
  const digits = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
  const parts = [];
  for (let i = 0; i < bytes.length; i += 65536) {
    parts.push(Array.from(bytes.subarray(i, i + 65536), (b) => digits[b]).join(''));
  }
  return parts.join('');
}
