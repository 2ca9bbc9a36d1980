/**
 * `estab/net`: node:net's face over a net of this process alone (127.0.0.0/8, ::1), and `createNet` for others. The default
 * export, which `require` gives too, takes the place of node:net.
 */
import type nodeNet from 'node:net'
import { createLoopbackNet } from './loopback-net.ts'
import { createNet, type Net } from './net.ts'
import type { Server as NetServer } from './server.ts'
import type { Socket as NetSocket } from './socket.ts'

const net: Net & { createNet: typeof createNet } = Object.assign(createLoopbackNet(), { createNet })

export const BlockList: Net['BlockList'] = net.BlockList
export const connect: Net['connect'] = net.connect
export const createConnection: Net['createConnection'] = net.createConnection
export const createServer: Net['createServer'] = net.createServer
export const getDefaultAutoSelectFamily: Net['getDefaultAutoSelectFamily'] = net.getDefaultAutoSelectFamily
export const getDefaultAutoSelectFamilyAttemptTimeout: Net['getDefaultAutoSelectFamilyAttemptTimeout'] =
  net.getDefaultAutoSelectFamilyAttemptTimeout
export const isIP: Net['isIP'] = net.isIP
export const isIPv4: Net['isIPv4'] = net.isIPv4
export const isIPv6: Net['isIPv6'] = net.isIPv6
export const Server: Net['Server'] = net.Server
export const setDefaultAutoSelectFamily: Net['setDefaultAutoSelectFamily'] = net.setDefaultAutoSelectFamily
export const setDefaultAutoSelectFamilyAttemptTimeout: Net['setDefaultAutoSelectFamilyAttemptTimeout'] =
  net.setDefaultAutoSelectFamilyAttemptTimeout
export const Socket: Net['Socket'] = net.Socket
export const SocketAddress: Net['SocketAddress'] = net.SocketAddress
export const Stream: Net['Stream'] = net.Stream
export type { Net, NetOptions } from './net.ts'
export type { ConnectOptions, SocketOptions } from './options.ts'
export type {
  DeferHandler,
  DropData,
  ListenOptions,
  ServerEstab,
  ServerEstabOptions,
  ServerOptions,
} from './server-options.ts'
// The names of node:net's classes are types, too.
export type BlockList = nodeNet.BlockList
export type Server = NetServer
export type Socket = NetSocket
export type SocketAddress = nodeNet.SocketAddress
export type Stream = NetSocket
export { createNet, net as default, net as 'module.exports' }
