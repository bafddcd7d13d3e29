// Both ends of real applications: node app.mjs serve APP, or node app.mjs talk APP,
// where APP is chat, feed, graphql or mqtt. Either ends with its input.
//
// serve listens three times and reports the ports: original and changed compress
// (changed differs in what the head of the application's file says), plain does not.
//
//   {"case":"","event":"listening","ports":{"original":1,"changed":2,"plain":3}}
//
// talk plays the same session for each line of its input, and reports all that the
// application, not its library, got to know, in order:
//
//   {"case":"first","url":"ws://localhost:1","proxy":"http://127.0.0.1:2"}
//   {"case":"first","event":"heard","heard":["…"],"error":""}

import { createServer } from 'node:http';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { emit, plans } from './lines.mjs';

const [end, name] = process.argv.slice(2);
const app = await import(`./app_${name}.mjs`);

async function listen(options) {
  const http = createServer((_, response) => response.writeHead(404).end());
  await app.serve(http, options);
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  return http.address().port;
}

async function talk({ url, proxy }) {
  const heard = [];
  const hear = (what, data) => heard.push(`${what} ${JSON.stringify(data)}`);
  let timer;
  const slow = new Promise((_, reject) => (timer = setTimeout(reject, 10_000, new Error('it took too long'))));
  try {
    await Promise.race([app.talk(url, proxy ? new HttpsProxyAgent(proxy) : undefined, hear), slow]);
    return { heard, error: '' };
  } catch (err) {
    return { heard, error: String(err.stack ?? err) };
  } finally {
    clearTimeout(timer);
  }
}

if (end === 'serve') {
  const deflate = { threshold: 0 };
  const ports = {
    original: await listen({ deflate, changed: false }),
    changed: await listen({ deflate, changed: true }),
    plain: await listen({ deflate: false, changed: false }),
  };
  await emit({ case: '', event: 'listening', ports });
}
for await (const plan of plans()) await emit({ case: plan.case, event: 'heard', ...(await talk(plan)) });
process.exit();
