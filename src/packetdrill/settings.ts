import { bufferSize, DEFAULT_CONFIG, type TcpConfig } from '../tcp/config.ts'
import type { ListenOptions } from '../tcp/listen-options.ts'
import type { Place } from './script.ts'

/** Something that a script asks for and this stack, or this runner, does not have. */
export class NotSupported extends Error {
  override readonly name = 'NotSupported'
  readonly place: Place | undefined

  constructor(what: string, place?: Place) {
    super(`not supported here: ${what}`)
    this.place = place
  }
}

/**
 * What sysctls, socket options and a script's header have set. A stack's knobs cannot be turned once it runs, so all of
 * this stands in front of the first listen(), connect() or packet.
 */
export class Settings {
  tcp: Partial<TcpConfig> = {}
  listen: Partial<ListenOptions> = {}
  /** TCP_MAXSEG: at the most. */
  mtu: number = Number.POSITIVE_INFINITY
  /** net.core.somaxconn and net.ipv4.tcp_max_syn_backlog. */
  mostAcceptable = 4096
  mostHalfOpen: number = Number.POSITIVE_INFINITY
  /** net.ipv4.tcp_fastopen: 1 as a client, 2 as a server. Linux's default. */
  fastOpen = 1
  /** net.ipv4.tcp_moderate_rcvbuf: the receive buffer grows by itself. */
  moderates = true
  /** The stack runs: too late. */
  sealed = false

  /** What the stack is made with. */
  get config(): Partial<TcpConfig> {
    if (this.moderates) return this.tcp
    return { ...this.tcp, receiveBuffer: bufferSize(this.tcp.receiveBuffer ?? DEFAULT_CONFIG.receiveBuffer).initial }
  }

  /** @throws {NotSupported} the stack runs */
  turn(what: string, tcp: Partial<TcpConfig>): void {
    if (this.sealed) throw new NotSupported(`${what} after the first listen(), connect() or packet`)
    this.tcp = { ...this.tcp, ...tcp }
  }
}
