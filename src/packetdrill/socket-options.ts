import { segmentSize } from '../tcp/options.ts'
import { ERRNO, numberOf } from './constants.ts'
import type { Field, Value } from './script.ts'
import { NotSupported, type Settings } from './settings.ts'
import type { Socket } from './sockets.ts'
import { connectTimeout } from './sysctl.ts'

/** A socket option: how it is set, and what it is. Without one of them, it can't be. */
export interface SocketOption {
  /** For docs/packetdrill.md: what it stands for here. */
  readonly means: string
  readonly set?: (socket: Socket, value: Value, settings: Settings) => void
  readonly get?: (socket: Socket) => number
}

const LEAST_MTU = 576
const HEADERS = 40

/** By name, whatever the level: no two levels of ours share one. */
export const SOCKET_OPTIONS: Readonly<Record<string, SocketOption>> = {
  SO_REUSEADDR: { means: 'nothing: ports are free at once', set: () => {}, get: () => 1 },
  SO_REUSEPORT: { means: 'nothing', set: () => {}, get: () => 1 },
  SO_ERROR: { means: 'the error of the connection, told once', get: (socket) => ERRNO[socket.takeError() ?? ''] ?? 0 },
  SO_ACCEPTCONN: { means: 'whether the socket listens', get: (socket) => Number(socket.listener !== undefined) },
  SO_LINGER: {
    means: 'what close() does: a RST with a linger of 0 s, else it waits for the FIN to be acknowledged',
    set: (socket, value) => {
      const fields = value.kind === 'struct' ? value.fields : []
      socket.linger = { on: field(fields, 'onoff') !== 0, seconds: field(fields, 'linger') }
    },
  },
  SO_RCVBUF: {
    means: 'receiveBuffer, octets of data; getsockopt() says twice of it, as Linux does',
    set: (socket, value, settings) => {
      socket.receiveBuffer = numberOf(value, 'a buffer')
      settings.turn('SO_RCVBUF', { receiveBuffer: socket.receiveBuffer })
    },
    get: (socket) => 2 * socket.receiveBuffer,
  },
  SO_SNDBUF: {
    means: 'sendBuffer, octets of data; getsockopt() says twice of it, as Linux does',
    set: (socket, value, settings) => {
      socket.sendBuffer = numberOf(value, 'a buffer')
      settings.turn('SO_SNDBUF', { sendBuffer: socket.sendBuffer })
    },
    get: (socket) => 2 * socket.sendBuffer,
  },
  TCP_NODELAY: {
    means: 'noDelay',
    set: (socket, value) => {
      socket.noDelay = numberOf(value, 'TCP_NODELAY') !== 0
      const { connection } = socket
      if (connection === undefined) return
      connection.noDelay = socket.noDelay
      // What Nagle's algorithm held back goes out.
      if (connection.state !== 'CLOSED') connection.host.ready(connection)
    },
    get: (socket) => Number(socket.noDelay),
  },
  TCP_MAXSEG: {
    means: 'the MTU of the link, so that the MSS option says this; getsockopt() says the size of a segment',
    set: (_, value, settings) => {
      const mtu = numberOf(value, 'TCP_MAXSEG') + HEADERS
      if (mtu < LEAST_MTU) throw new NotSupported(`TCP_MAXSEG below ${LEAST_MTU - HEADERS}`)
      settings.turn('TCP_MAXSEG', {})
      settings.mtu = Math.min(settings.mtu, mtu)
    },
    get: ({ connection }) => (connection?.congestion === undefined ? LEAST_MTU - HEADERS : segmentSize(connection)),
  },
  TCP_USER_TIMEOUT: {
    means: 'userTimeout, ms',
    set: (_, value, settings) => settings.turn('TCP_USER_TIMEOUT', { userTimeout: numberOf(value, 'a time') }),
  },
  TCP_SYNCNT: {
    means: 'connectTimeout: the sum of the waits 1, 2, 4, ... s',
    set: (_, value, settings) =>
      settings.turn('TCP_SYNCNT', { connectTimeout: connectTimeout(numberOf(value, 'a number of SYNs')) }),
  },
  TCP_LINGER2: {
    means: 'finWait2Timeout, s',
    set: (_, value, settings) => settings.turn('TCP_LINGER2', { finWait2Timeout: 1000 * numberOf(value, 'a time') }),
  },
  TCP_FASTOPEN: {
    means: 'fastOpen of the listener, where the sysctl tcp_fastopen has the bit 2',
    set: (socket, value) => {
      if (socket.listener !== undefined) throw new NotSupported('TCP_FASTOPEN after listen()')
      socket.fastOpen = numberOf(value, 'TCP_FASTOPEN')
    },
  },
  TCP_CONGESTION: {
    means: 'nothing: it is "reno"',
    set: (_, value) => {
      if (value.kind !== 'string' || value.text !== 'reno') throw new NotSupported('TCP_CONGESTION other than "reno"')
    },
  },
}

function field(fields: readonly Field[], name: string): number {
  return numberOf(fields.find((other) => other.name === name)?.value, name)
}
