// Client: the WebSocket built into Node, through undici's ProxyAgent.

import { ProxyAgent, setGlobalDispatcher } from 'undici';
import { emit, plans } from './lines.mjs';
import { run } from './standard.mjs';

if (process.env.PROXY) setGlobalDispatcher(new ProxyAgent(process.env.PROXY));

for await (const plan of plans()) await run(plan, emit);
