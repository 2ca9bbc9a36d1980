import http from 'node:http'
import http2 from 'node:http2'
import { syncBuiltinESMExports } from 'node:module'
import nodeNet from 'node:net'
import tls from 'node:tls'
import type { NetModule } from '../net/net-module.ts'
import { replaceTls } from './tls.ts'

type Constructor = { prototype: object }

/**
 * Puts `net` beneath Node's own modules: `http`, `https`, `http2`, `tls` and `fetch` make their servers and connections with
 * it. node:net keeps its `Socket`, of which Node makes pipes and TLS sockets.
 */
export function installBeneathNode(net: NetModule): void {
  const builtin = nodeNet as unknown as Record<string, unknown>
  const plain = http2.createServer()
  for (const server of [http.Server, tls.Server, plain.constructor as unknown as Constructor])
    inherit(server, net.Server)
  builtin.Server = net.Server
  builtin.createServer = net.createServer
  builtin.connect = net.connect
  builtin.createConnection = net.connect
  const agent = http.Agent.prototype as unknown as { createConnection: unknown }
  agent.createConnection = net.connect
  replaceTls(net)
  syncBuiltinESMExports()
}

/** A class of Node's that is made of node:net's Server is made of this one from now on. */
function inherit(server: Constructor, from: Constructor): void {
  Object.setPrototypeOf(server.prototype, from.prototype)
  Object.setPrototypeOf(server, from)
}
