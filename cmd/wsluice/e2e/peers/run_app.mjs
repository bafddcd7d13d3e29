// An app that knows nothing of a proxy: node, deno or bun run_app.mjs LIBRARY
// BASE…. It fetches the http bases, and talks to an echo server at the ws ones
// through ws or the WebSocket of the runtime. What it got is printed, a line each.

const [library, ...bases] = process.argv.slice(2);

function echo(WebSocket, url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    let got;
    socket.onopen = () => socket.send(`hello from ${library}`);
    socket.onmessage = ({ data }) => {
      got = data;
      socket.close(1000);
    };
    socket.onerror = (event) => reject(new Error(event.message ?? 'the connection failed'));
    socket.onclose = () => resolve(got);
  });
}

const { WebSocket } = library === 'ws' ? await import('ws') : globalThis;
for (const base of bases) {
  const url = `${base}/${library}`;
  console.log(base.startsWith('ws') ? await echo(WebSocket, url) : await (await fetch(url)).text());
}
