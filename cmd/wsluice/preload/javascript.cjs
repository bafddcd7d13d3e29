// wsluice run makes every Node.js and Bun process load this. Versions of Node.js
// before 22.21 know no proxy variables, and clients that open their sockets
// themselves never do. It sends http, https, ws and wss through the proxy named
// by https_proxy, and lets those who name the roots they trust trust wsluice's as
// well.
'use strict'

const fs = require('node:fs')
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const path = require('node:path')
const tls = require('node:tls')
const { syncBuiltinESMExports } = require('node:module')

const { request } = http

// tunnel asks the proxy for a connection to host and port.
function tunnel(proxy, host, port, done) {
  const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`
  request({
    method: 'CONNECT',
    path: authority,
    headers: { host: authority },
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port,
    createConnection: (options) => net.connect({ host: options.host, port: options.port }),
  })
    .once('connect', (response, socket, head) => {
      if (response.statusCode !== 200) {
        socket.destroy()
        done(new Error(`the proxy answered ${response.statusCode} when asked for ${authority}`))
        return
      }
      if (head.length > 0) socket.unshift(head)
      done(null, socket)
    })
    .once('error', done)
    .end()
}

// patchAgents covers http and https requests. Agents that connect in a way of
// their own override what is replaced here, and keep it.
function patchAgents(proxy) {
  for (const { module, port } of [{ module: http, port: 80 }, { module: https, port: 443 }]) {
    const { prototype } = module.Agent
    const connect = prototype.createConnection
    prototype.createConnection = function createConnection(options, done) {
      const local = typeof options !== 'object' || options.socketPath || options.socket
      if (local || typeof done !== 'function' || this.options?.proxyEnv) {
        return connect.apply(this, arguments)
      }
      tunnel(proxy, options.host, options.port || port, (err, socket) => {
        if (err) return done(err)
        done(null, module === https ? connect.call(this, { ...options, socket }) : socket)
      })
    }
  }
}

// patchUpgrades covers WebSocket clients such as ws, which give their requests a
// function to connect with and no agent.
function patchUpgrades(proxy) {
  for (const { module, port } of [{ module: http, port: 80 }, { module: https, port: 443 }]) {
    for (const name of ['request', 'get']) {
      const original = module[name]
      module[name] = function (...args) {
        return original.apply(this, args.map(redirected))
      }
    }
    function redirected(options) {
      if (typeof options?.createConnection !== 'function' || options.agent || options.socketPath) return options
      const upgrade = Object.entries(options.headers ?? {}).find(([name]) => name.toLowerCase() === 'upgrade')
      if (String(upgrade?.[1]).toLowerCase() !== 'websocket') return options
      return { ...options, createConnection }
    }
    function createConnection(options, done) {
      tunnel(proxy, options.host, options.port || port, (err, socket) => {
        if (err || module === http) return done(err, socket)
        const servername = options.servername ?? (net.isIP(options.host) ? '' : options.host)
        done(null, tls.connect({ ...options, path: undefined, socket, servername }))
      })
    }
  }
}

// patchFetch covers Node's own fetch and WebSocket, where Node does not do so by
// itself. Its dispatcher is made when one of its classes is first touched.
function patchFetch(proxy) {
  const key = Symbol.for('undici.globalDispatcher.1')
  if (process.allowedNodeEnvironmentFlags.has('--use-env-proxy') || !globalThis.Response) return
  const Agent = globalThis[key]?.constructor
  if (!Agent) return
  globalThis[key] = new Agent({
    connect({ hostname, port, protocol, servername }, done) {
      const secure = protocol === 'https:'
      const host = hostname.replace(/^\[|\]$/g, '')
      tunnel(proxy, host, port || (secure ? 443 : 80), (err, socket) => {
        if (err || !secure) return done(err, socket)
        const name = servername || (net.isIP(host) ? '' : host)
        const session = tls.connect({ socket, host, servername: name, ALPNProtocols: ['http/1.1'] })
        session.once('error', done)
        session.once('secureConnect', () => {
          session.removeListener('error', done)
          done(null, session)
        })
      })
    },
  })
}

// patchBun covers the WebSocket of Bun, which takes a proxy only as an option.
function patchBun(proxy) {
  const Direct = globalThis.WebSocket
  globalThis.WebSocket = class WebSocket extends Direct {
    constructor(url, options) {
      const plain = typeof options === 'string' || Array.isArray(options)
      super(url, { proxy: proxy.href, ...(plain ? { protocols: options } : options) })
    }
  }
}

// patchRoots adds wsluice's root where a program names its own instead of those
// Node.js comes with.
function patchRoots() {
  const root = fs.readFileSync(path.join(__dirname, 'root.pem'))
  const create = tls.createSecureContext
  tls.createSecureContext = function createSecureContext(options) {
    return create.call(this, options?.ca ? { ...options, ca: [options.ca, root].flat() } : options)
  }
}

if (process.env.https_proxy) {
  const proxy = new URL(process.env.https_proxy)
  patchAgents(proxy)
  patchUpgrades(proxy)
  if (process.versions.bun) patchBun(proxy)
  else patchFetch(proxy)
  patchRoots()
  syncBuiltinESMExports()
}
