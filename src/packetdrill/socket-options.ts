import { DEFAULT_CONFIG } from '../tcp/config.ts'
import type { KeepAliveOptions } from '../tcp/keep-alive.ts'
import { segmentSize } from '../tcp/options.ts'
import { ERRNO, numberOf } from './constants.ts'
import type { Field, Value } from './script.ts'
import { NotSupported, type Settings } from './settings.ts'
import type { Socket } from './sockets.ts'
import { congestionControlNamed, connectTimeout } from './sysctl.ts'

/** A socket option: how it is set, and what it is. Without one of them, it can't be. */
export interface SocketOption {
  /** For docs/packetdrill.md: what it stands for here. */
  readonly means: string
  readonly set?: (socket: Socket, value: Value, settings: Settings) => void
  readonly get?: (socket: Socket) => number | string
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
  SO_KEEPALIVE: {
    means: 'setKeepAlive()',
    set: (socket, value) => {
      socket.keepsAlive = numberOf(value, 'SO_KEEPALIVE') !== 0
      socket.connection?.setKeepAlive(socket.keepsAlive && socket.keepAlive)
    },
    get: (socket) => Number(socket.keepsAlive),
  },
  TCP_KEEPIDLE: keepAliveOption('idle', 1000, 'the silence before the first keep-alive, s'),
  TCP_KEEPINTVL: keepAliveOption('interval', 1000, 'the time between keep-alives, s'),
  TCP_KEEPCNT: keepAliveOption('count', 1, 'how many keep-alives go unanswered, 2 to 127'),
  SO_OOBINLINE: {
    means: 'nothing: urgent data is in line, and it can only be set to 1',
    set: (_, value) => {
      if (numberOf(value, 'SO_OOBINLINE') !== 1) throw new NotSupported('urgent data out of line')
    },
    get: () => 1,
  },
  IP_TOS: {
    means: "ip.dscp of the connection or, before there is one, dscp of the stack's; without ECN's two bits",
    set: ({ connection }, value, settings) => {
      const tos = numberOf(value, 'IP_TOS')
      if ((tos & 3) !== 0) throw new NotSupported("IP_TOS with ECN's bits")
      if (connection === undefined) settings.turn('IP_TOS', { dscp: tos >> 2 })
      else connection.ip.dscp = tos >> 2
    },
  },
  IP_TTL: {
    means: "ip.hopLimit of the connection or, before there is one, hopLimit of the stack's",
    set: ({ connection }, value, settings) => {
      const hopLimit = numberOf(value, 'IP_TTL')
      if (connection === undefined) settings.turn('IP_TTL', { hopLimit })
      else connection.ip.hopLimit = hopLimit
    },
  },
  TCP_CORK: {
    means: 'setCork()',
    set: (socket, value) => {
      socket.corked = numberOf(value, 'TCP_CORK') !== 0
      socket.connection?.setCork(socket.corked)
    },
    get: (socket) => Number(socket.corked),
  },
  TCP_QUICKACK: {
    means: 'whether the next ACKs go at once; until a gap or a pause',
    set: ({ connection }, value) => {
      if (connection === undefined) throw new NotSupported('TCP_QUICKACK of a socket without a connection')
      connection.ownQuickAcks.set(connection, numberOf(value, 'TCP_QUICKACK') !== 0)
    },
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
    means: "userTimeout, ms; 0 for the stack's",
    set: ({ connection }, value, settings) => {
      const ms = numberOf(value, 'a time') || (settings.tcp.userTimeout ?? DEFAULT_CONFIG.userTimeout)
      if (connection === undefined) settings.turn('TCP_USER_TIMEOUT', { userTimeout: ms })
      else connection.userTimeout.value = ms
    },
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
    means: 'congestionControl, "cubic" or "reno", of what is connected or listened on afterwards',
    set: (socket, value) => {
      const name = value.kind === 'string' ? congestionControlNamed(value.text) : undefined
      if (name === undefined) throw new NotSupported('TCP_CONGESTION other than "cubic" and "reno"')
      if (socket.connection !== undefined || socket.listener !== undefined) {
        throw new NotSupported('TCP_CONGESTION after listen() or connect()')
      }
      socket.congestionControl = name
    },
    get: ({ connection }) => (connection?.congestion?.name === 'newreno' ? 'reno' : 'cubic'),
  },
}

function keepAliveOption(name: keyof KeepAliveOptions, unit: number, means: string): SocketOption {
  return {
    means,
    set: (socket, value) => {
      socket.keepAlive = { ...socket.keepAlive, [name]: unit * numberOf(value, means) }
      if (socket.keepsAlive) socket.connection?.setKeepAlive(socket.keepAlive)
    },
  }
}

function field(fields: readonly Field[], name: string): number {
  return numberOf(fields.find((other) => other.name === name)?.value, name)
}
