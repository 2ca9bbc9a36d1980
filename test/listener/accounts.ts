import assert from 'node:assert/strict'
import type { HalfOpenView } from '../../src/tcp/half-open.ts'
import type { Listener } from '../../src/tcp/listener.ts'

/** The books of a listener: what must add up after every step, whatever has arrived. */
export function accounts(listener: Listener): void {
  const { counters, halfOpen, acceptQueueLength } = listener
  const { syns, held, cookied, refused, ignored, queueFull } = counters
  assert.equal(syns, held + cookied + refused + ignored + queueFull, 'every SYN has one fate')
  const { completed, reset, expired, evicted, acceptReset, closed } = counters
  const { deferred, deferAccepted, deferRefused, deferIgnored, deferExpired } = counters
  const ended = completed + reset + expired + evicted + acceptReset + closed
  assert.equal(
    held + counters.cookieHeld,
    ended + deferRefused + deferIgnored + deferExpired + halfOpen,
    'every entry has one end',
  )
  const handedOut = counters.accepted + acceptQueueLength
  const made = completed + counters.cookieCompleted
  if (listener.open) assert.equal(made, handedOut, 'every connection is handed out, or waits for that')
  else assert.ok(made >= handedOut, 'no connection is handed out that was not made')
  assert.ok(halfOpen <= listener.backlog, `${halfOpen} half-open connections, backlog ${listener.backlog}`)
  assert.ok(acceptQueueLength <= listener.acceptBacklog, `${acceptQueueLength} of ${listener.acceptBacklog} to accept`)

  const views = listener.halfOpens()
  assert.equal(views.length, halfOpen)
  const waiting = views.filter((view) => view.deferred).length
  const answered = deferAccepted + deferRefused + deferIgnored + deferExpired
  assert.ok(deferred >= answered + waiting && deferred <= held, 'every deferred SYN has one answer')
  // Every SYN,ACK but those sent again is of a SYN of its own.
  const first = counters.synAcks - counters.synAckRetransmissions
  assert.ok(first >= cookied && first <= held + cookied, `${first} first SYN,ACKs of ${held} and ${cookied} SYNs`)
  for (const view of views) assertView(listener, view)
  assertPrefixes(listener, views)
}

function assertView(listener: Listener, view: HalfOpenView): void {
  const most = view.deferred ? listener.schedule.ends.at(-1)! : listener.survivalTime
  assert.ok(view.expiresIn <= most, `an entry with ${view.expiresIn} ms to live, of ${most}`)
  assert.ok(view.retransmissions <= listener.schedule.retries, `${view.retransmissions} retransmissions`)
  assert.ok(!(view.deferred && view.acknowledged), 'nobody acknowledges what was not sent')
}

/** What admission is told of the queue is what the queue holds. */
function assertPrefixes({ load }: Listener, views: readonly HalfOpenView[]): void {
  const counts = countByPrefix(views.map(({ remoteAddress }) => remoteAddress))
  assert.equal(load.activePrefixes, counts.size, 'active prefixes')
  assert.equal(load.heaviestPrefix, Math.max(0, ...counts.values()), 'entries of the heaviest prefix')
}

/** How many of these addresses each source prefix has: /24, or /48 for IPv6, which are written with all of their groups. */
export function countByPrefix(addresses: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const address of addresses) {
    const prefix = prefixOf(address)
    counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
  }
  return counts
}

export function prefixOf(address: string): string {
  if (!address.includes(':')) return address.slice(0, address.lastIndexOf('.'))
  const [before, after] = address.split('::') as [string, string?]
  const head = before.split(':')
  const tail = after === undefined || after === '' ? [] : after.split(':')
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  return groups.slice(0, 3).join(':')
}
