import { ListenerCounters } from '../tcp/counters.ts'

/** What the account needs of a listener. */
export interface Accountable {
  readonly counters: Readonly<ListenerCounters>
  /** Entries that are still there. */
  readonly halfOpen: number
}

/** Where all SYNs of some listeners went: `7 SYNs = 3 connections + 4 deleted at the survival time`. What is 0 is left out. */
export function accountOf(listeners: readonly Accountable[]): string {
  const total = totalOf(listeners.map(({ counters }) => counters))
  const left = listeners.reduce((sum, { halfOpen }) => sum + halfOpen, 0)
  const parts: [number, string][] = [
    [total.completed, total.completed === 1 ? 'connection' : 'connections'],
    [total.fastOpened, 'opened at once'],
    [total.expired, 'deleted at the survival time'],
    [total.reset, 'reset by the client'],
    [total.evicted, 'evicted'],
    [total.acceptReset, 'reset for a full accept queue'],
    [total.deferExpired, 'deferred for too long'],
    [total.refused + total.deferRefused, 'refused'],
    [total.ignored + total.deferIgnored, 'ignored'],
    [total.closed, 'closed with the server'],
    [left, 'half-open'],
    [total.cookied, 'answered with a cookie'],
    [total.queueFull, 'dropped'],
  ]
  const said = parts.filter(([number]) => number > 0).map(([number, what]) => `${grouped(number)} ${what}`)
  if (total.syns === 0) return 'no SYNs.'
  const syns = `${grouped(total.syns)} ${total.syns === 1 ? 'SYN' : 'SYNs'}`
  const waited = total.cookieHeld === 0 ? '' : ` + ${grouped(total.cookieHeld)} of cookies that waited`
  const sum = `${syns}${waited} = ${said.join(' + ')}.`
  const { cookieCompleted: made } = total
  return made === 0
    ? sum
    : `${sum} Of the cookies ${grouped(made)} came back and made ${made === 1 ? 'a connection' : 'connections'}.`
}

/** `4,012` */
export function grouped(number: number): string {
  return number.toLocaleString('en-US')
}

function totalOf(all: readonly Readonly<ListenerCounters>[]): ListenerCounters {
  const total = new ListenerCounters()
  for (const counters of all) {
    for (const name of Object.keys(total) as (keyof ListenerCounters)[]) total[name] += counters[name]
  }
  return total
}
