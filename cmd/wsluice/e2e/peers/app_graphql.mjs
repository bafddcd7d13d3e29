// Queries and subscriptions with graphql-ws, three at a time on one connection, each
// with an id the client makes up. Changed, the last prices of the second subscription
// lack their volume.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildSchema } from 'graphql';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocket, WebSocketServer } from 'ws';

const schema = buildSchema(`
  type Price { symbol: String!, cents: Int!, volume: Int, at: String! }
  type Query { symbols: [String!]! }
  type Subscription { prices(symbol: String!): Price! }
`);

export function serve(server, { deflate, changed }) {
  async function* prices({ symbol }) {
    for (let n = 1; n <= 6; n++) {
      await sleep(symbol === 'A' ? 5 : 8);
      const volume = changed && symbol === 'B' && n === 6 ? null : n * 10;
      yield { prices: { symbol, cents: n * 100, volume, at: new Date().toISOString() } };
    }
  }
  useServer(
    {
      schema,
      roots: { query: { symbols: () => ['A', 'B'] }, subscription: { prices } },
      onConnect: ({ connectionParams }) => connectionParams.token === 'let me in' && { session: randomUUID() },
    },
    new WebSocketServer({ server, path: '/graphql', perMessageDeflate: deflate }),
  );
}

export async function talk(url, agent, hear) {
  class Socket extends WebSocket {
    constructor(address, protocols) {
      super(address, protocols, { agent, perMessageDeflate: { threshold: 0 } });
    }
  }
  const client = createClient({
    url: `${url}/graphql`, webSocketImpl: Socket, lazy: false, retryAttempts: 0,
    connectionParams: { token: 'let me in' },
    on: { connected: (_, payload) => hear('connected', payload), closed: ({ code, reason }) => closed([code, reason]) },
  });
  let closed;
  const end = new Promise((resolve) => (closed = resolve));
  // Answers to different operations keep no order, those to one do.
  const over = [];
  const follow = async (name, query, variables) => {
    const told = [];
    await new Promise((resolve) => {
      const last = (what) => (data) => resolve(told.push({ [what]: data ?? null }));
      client.subscribe({ query, variables }, { next: ({ data }) => told.push(data), complete: last('complete'), error: last('error') });
    });
    over.push(name);
    hear(name, told);
  };
  await follow('first query', '{ symbols }');
  const query = 'subscription Follow($symbol: String!) { prices(symbol: $symbol) { symbol cents volume at } }';
  await Promise.all([
    follow('prices of A', query, { symbol: 'A' }),
    follow('prices of B', query, { symbol: 'B' }),
    follow('query meanwhile', '{ symbols __typename }'),
  ]);
  await follow('wrong query', '{ nothing }');
  hear('over', over);
  await client.dispose();
  hear('closed', await end);
}
