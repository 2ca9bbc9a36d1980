/** What a listener refuses to be told. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import { listening } from './listening.ts'

describe('a number out of its range is refused', () => {
  for (const options of [
    { backlog: -1 },
    { backlog: 16_777_215 },
    { backlog: 1.5 },
    { acceptBacklog: 0 },
    { acceptBacklog: 16_777_215 },
    { fastOpen: -1 },
    { fastOpen: 16_777_215 },
  ] satisfies Partial<ListenOptions>[]) {
    test(JSON.stringify(options), () => {
      assert.throws(() => listening(options), { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' })
    })
  }
})

describe('a word or a function that is none is refused', () => {
  for (const options of [
    { acceptOverflow: 'drop' },
    { cookies: 'never' },
    { cookies: 1 },
    { admission: 'hold' },
  ] as unknown as Partial<ListenOptions>[]) {
    test(JSON.stringify(options), () => {
      assert.throws(() => listening(options), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
    })
  }
})

test('the bounds that are left out', () => {
  const { backlog, acceptBacklog, acceptOverflow, cookies, alwaysCookies, fastOpens } = listening().listener
  assert.deepEqual([backlog, acceptBacklog, acceptOverflow, cookies, alwaysCookies], [128, 128, 'wait', true, false])
  assert.equal(fastOpens.limit, 0)
  assert.equal(listening({ backlog: 0 }).listener.acceptBacklog, 1)
})
