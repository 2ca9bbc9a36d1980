import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountOf } from '../../src/cli/account.ts'
import { ListenerCounters } from '../../src/tcp/counters.ts'

function listener(counters: Partial<ListenerCounters>, halfOpen = 0): Parameters<typeof accountOf>[0][number] {
  return { counters: Object.assign(new ListenerCounters(), counters), halfOpen }
}

test('what is 0 is left out', () => {
  assert.equal(accountOf([listener({})]), 'no SYNs.')
  assert.equal(accountOf([listener({ syns: 1, held: 1, completed: 1 })]), '1 SYN = 1 connection.')
})

test('every counter that a SYN can end in has its part, of all listeners together', () => {
  const held = { completed: 2, expired: 3, reset: 4, evicted: 5, acceptReset: 6, deferExpired: 7, deferRefused: 8 }
  const first = listener({ ...held, deferIgnored: 9, closed: 10, held: 65, syns: 65 }, 11)
  const second = listener({ cookied: 1234, refused: 12, ignored: 13, queueFull: 14, syns: 1273, cookieCompleted: 1 })
  const text = accountOf([first, second])
  assert.equal(
    text,
    '1,338 SYNs = 2 connections + 3 deleted at the survival time + 4 reset by the client + 5 evicted ' +
      '+ 6 reset for a full accept queue + 7 deferred for too long + 20 refused + 22 ignored + 10 closed with the server ' +
      '+ 11 half-open + 1,234 answered with a cookie + 14 dropped. Of the cookies 1 came back and made a connection.',
  )
  const [all, ...parts] = text
    .split('. ')[0]!
    .match(/[\d,]+(?= )/g)!
    .map((number) => Number(number.replace(',', '')))
  assert.equal(
    parts.reduce((sum, part) => sum + part, 0),
    all,
  )
})
