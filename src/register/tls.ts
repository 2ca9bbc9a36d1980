import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { NetModule } from '../net/net-module.ts'
import { normalizeArgs } from '../net/options.ts'
import type { Socket } from '../net/socket.ts'

/** Events of the TCP connection that a TLS socket gives as its own. */
const FORWARDED = ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout']
/** What a TLS socket says to its TCP handle. */
const ORDERS = ['ref', 'unref', 'setNoDelay', 'setKeepAlive'] as const

type Method = (this: TLSSocket, ...args: unknown[]) => unknown

/** `tls.connect` makes its TCP connections with `net`, and through it so do `https` and `http2`. */
export function replaceTls(net: NetModule): void {
  const original = tls.connect as (options: ConnectionOptions, callback?: () => void) => TLSSocket
  const connect = (...args: unknown[]): TLSSocket => {
    const [given, callback = null] = normalizeArgs(args)
    const more = [args[1], args[2]].find((argument) => argument !== null && typeof argument === 'object')
    const options = { ...given, ...more } as ConnectionOptions
    const onSecure = callback ?? undefined
    if (options.socket || options.path) return original(options, onSecure)
    const socket = net.connect(tcpOptions(options))
    const secure = original({ ...options, socket: socket as unknown as Socket }, onSecure)
    if (options.timeout) secure.setTimeout(options.timeout)
    tellOfConnection(socket, secure)
    return secure
  }
  tls.connect = connect as typeof tls.connect
  lendHandle(net)
}

/** The streams' own options are the TLS socket's. */
function tcpOptions(options: ConnectionOptions): { port: number } {
  const {
    highWaterMark: _mark,
    onread: _onread,
    timeout: _timeout,
    signal: _signal,
    ...tcp
  } = options as Record<string, unknown>
  return tcp as { port: number }
}

/** A TLS socket over a stream knows nothing of connecting: the stream tells it. */
function tellOfConnection(socket: Socket, secure: TLSSocket): void {
  const state = secure as unknown as { connecting: boolean }
  state.connecting = true
  for (const name of FORWARDED) socket.on(name, (...args) => secure.emit(name, ...args))
  socket.once('connect', () => {
    state.connecting = false
    secure.emit('connect')
    secure.emit('ready')
  })
}

/** A TLS socket over a stream has no handle of TCP's: what it would ask that, or say to it, is its stream's. */
function lendHandle(net: NetModule): void {
  const methods = tls.TLSSocket.prototype as unknown as Record<string, Method>
  const { _getpeername: peer, _getsockname: own } = methods as Record<'_getpeername' | '_getsockname', Method>
  methods._getpeername = function () {
    const stream = streamOf(this, net)
    if (stream === undefined) return peer.call(this)
    return { address: stream.remoteAddress, family: stream.remoteFamily, port: stream.remotePort }
  }
  methods._getsockname = function () {
    const stream = streamOf(this, net)
    return stream === undefined ? own.call(this) : stream.address()
  }
  for (const name of ORDERS) {
    const order = methods[name]!
    methods[name] = function (...args) {
      const stream = streamOf(this, net)
      if (stream !== undefined) Reflect.apply(stream[name], stream, args)
      return order.apply(this, args)
    }
  }
}

/** The socket of `net` that the TLS socket was made over, if it was. */
function streamOf(secure: TLSSocket, net: NetModule): Socket | undefined {
  const wrapped = secure as unknown as { _handle?: { _parentWrap?: { stream?: unknown } | null } | null }
  const stream = wrapped._handle?._parentWrap?.stream
  return stream instanceof net.Socket ? stream : undefined
}
