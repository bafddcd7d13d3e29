// An MQTT client and broker over WebSocket, with mqtt and aedes: binary messages that
// hold a part of a packet, retained messages, all qualities of service, a client id
// made up anew. The broker ends the connection when the client says goodbye. Changed,
// it keeps no temperature of the second room.

import { once } from 'node:events';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import { WebSocketServer, createWebSocketStream } from 'ws';

export async function serve(server, { deflate, changed }) {
  const broker = await Aedes.createBroker();
  const publish = (topic, payload, retain = false) =>
    new Promise((resolve) => broker.publish({ topic, payload, qos: 0, retain }, resolve));
  await publish('rooms/1/temperature', '20.5', true);
  if (!changed) await publish('rooms/2/temperature', '18.25', true);
  broker.on('publish', ({ topic, payload }, client) => {
    if (topic === 'goodbye') client.close();
    if (topic.endsWith('/set')) publish(topic.replace('/set', '/heating'), Buffer.concat([Buffer.from([0, 255]), payload]));
  });
  new WebSocketServer({
    server, path: '/mqtt', perMessageDeflate: deflate, handleProtocols: () => 'mqtt',
  }).on('connection', (socket, request) => broker.handle(createWebSocketStream(socket), request));
}

export async function talk(url, agent, hear) {
  const client = mqtt.connect(`${url}/mqtt`, {
    reconnectPeriod: 0, wsOptions: { agent }, messageIdProvider: new mqtt.UniqueMessageIdProvider(),
  });
  const waiting = [];
  const message = (topic) => new Promise((resolve) => waiting.push({ topic, resolve }));
  client.on('message', (topic, payload, { qos, retain }) => {
    hear(topic, [payload.toString('base64'), qos, retain]);
    const at = waiting.findIndex((w) => w.topic === topic);
    if (at >= 0) waiting.splice(at, 1)[0].resolve();
  });
  const [connack] = await once(client, 'connect');
  hear('connected', connack.returnCode);
  const kept = [message('rooms/1/temperature'), message('rooms/2/temperature')];
  const granted = client.subscribeAsync(['rooms/+/temperature', 'rooms/+/heating'], { qos: 0 });
  await Promise.all(kept);
  hear('subscribed', await granted); // which the library tells before or after what came behind it
  for (const qos of [0, 1, 2]) {
    const heating = message('rooms/1/heating');
    await client.publishAsync('rooms/1/set', Buffer.from(`on, please: ${qos} ${'🔥'.repeat(50)}`), { qos });
    await heating;
  }
  await client.unsubscribeAsync('rooms/+/heating');
  const closed = once(client, 'close');
  client.publish('goodbye', 'see you');
  await closed;
  hear('closed', null);
}
