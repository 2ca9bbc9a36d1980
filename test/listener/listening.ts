/** Traces of a listener, whose books are checked after every step. */
import assert from 'node:assert/strict'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import { type HostOptions, listen, type Traced } from '../support/trace.ts'
import { accounts } from './accounts.ts'

export type Options = HostOptions & Partial<ListenOptions>

/** As `listen()`. */
export function listening(options: Options = {}): Traced {
  const tcp = listen(options)
  tcp.check = () => accounts(tcp.listener)
  return tcp
}

/** A SYN that is answered. */
export function syn(tcp: Traced, name = ''): void {
  tcp.trace`
    +0 <${name} S  0:0(0)       win 65535 <mss 1460>
    +0 >${name} S. 0:0(0) ack 1
  `
}

/** The ACK of the handshake; nothing answers it. */
export function ack(tcp: Traced, name = ''): void {
  tcp.trace`+0 <${name} . 1:1(0) ack 1 win 65535`
}

/** A listener with one half-open connection: the peer without a name. */
export function halfOpen(options: Options = {}): Traced {
  const tcp = listening(options)
  syn(tcp)
  return tcp
}

/** A listener whose SYN queue holds `p0`, `p1`, ... of one source prefix, and is full. */
export function full(backlog: number, options: Options = {}): Traced {
  const tcp = listening({ ...options, backlog })
  for (let i = 0; i < backlog; i++) syn(tcp, `p${i}`)
  assert.equal(tcp.listener.halfOpen, backlog)
  return tcp
}

/** A listener without a SYN queue: it answers every SYN with a cookie. */
export function cookieOnly(options: Options = {}): Traced {
  return listening({ backlog: 0, acceptBacklog: 16, ...options })
}

/** The entry still stands, and its client's ACK completes it. */
export function assertKept(tcp: Traced): void {
  assert.equal(tcp.listener.halfOpen, 1)
  ack(tcp)
  assert.equal(tcp.accept().state, 'ESTABLISHED')
}

/** The entry is gone without a trace: its client's ACK finds nobody. */
export function assertGone(tcp: Traced): void {
  assert.equal(tcp.listener.halfOpen, 0)
  tcp.trace`
    +0 < . 1:1(0) ack 1 win 65535
    +0 > R 1:1(0)
  `
}
