/** Fast Open in packet traces. */
import assert from 'node:assert/strict'
import type { Incoming } from '../../src/tcp/incoming.ts'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import { Segment } from '../../src/wire/segment.ts'
import { type HostOptions, listen, type Traced } from '../support/trace.ts'

/** A listener that does Fast Open. */
export function listenFast(options: HostOptions & Partial<ListenOptions> = {}): Traced {
  return listen({ fastOpen: 16, ...options })
}

/** The cookie, in hex, that a peer has been given, or would be. */
export function cookieFor(tcp: Traced, name = ''): string {
  const { address, localAddress } = tcp.peer(name)
  const synAck = new Segment()
  synAck.source = localAddress
  synAck.destination = address
  tcp.stack.tcp.fastOpen.cookies.offer(synAck)
  return Buffer.from(synAck.cookie.subarray(0, synAck.cookieLength)).toString('hex')
}

/** Those whose SYN waits for the application's word. */
export function deferred(tcp: Traced): Incoming[] {
  return tcp.events.flatMap(({ incoming }) => (incoming === undefined ? [] : [incoming]))
}

/** Every SYN is accounted for, and every connection by Fast Open (see `ListenerCounters`). */
export function sums({ counters, fastOpens, halfOpen }: Listener): void {
  const { syns, held, fastOpened, cookied, refused, ignored, queueFull } = counters
  assert.equal(syns, held + fastOpened + cookied + refused + ignored + queueFull)
  const { completed, reset, expired, evicted, acceptReset, deferRefused, deferIgnored, deferExpired, closed } = counters
  const ended =
    completed + reset + expired + evicted + acceptReset + deferRefused + deferIgnored + deferExpired + closed
  assert.equal(held, ended + halfOpen)
  assert.equal(fastOpened, counters.fastOpenCompleted + counters.fastOpenFailed + fastOpens.pending)
}
