import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SynAckSchedule } from '../../src/tcp/syn-ack-schedule.ts'

describe('a schedule of SYN-ACK retransmissions', () => {
  test('is 1, 2, 4, 8, 16 and 32 s unless told otherwise: five retransmissions and 63 s', () => {
    const schedule = new SynAckSchedule(undefined, undefined)
    assert.deepEqual(schedule.waits, [1000, 2000, 4000, 8000, 16_000, 32_000])
    assert.equal(schedule.retries, 5)
    assert.equal(schedule.survivalTime, 63_000)
  })

  test('doubles for as many retries as are asked for', () => {
    assert.deepEqual(new SynAckSchedule(0, undefined).waits, [1000])
    assert.equal(new SynAckSchedule(3, undefined).survivalTime, 15_000)
    assert.equal(new SynAckSchedule(7, undefined).survivalTime, 255_000)
  })

  test('is a list of waits, of which the last ends in deletion', () => {
    const schedule = new SynAckSchedule(undefined, [300, 500, 100])
    assert.equal(schedule.retries, 2)
    assert.equal(schedule.survivalTime, 900)
  })

  test('uses as many waits of a longer list as the retries need', () => {
    assert.deepEqual(new SynAckSchedule(1, [300, 500, 100]).waits, [300, 500])
  })

  test('is a function of the retransmission, from 0 for the first SYN-ACK', () => {
    assert.deepEqual(new SynAckSchedule(3, (n) => 100 * (n + 1)).waits, [100, 200, 300, 400])
    assert.equal(new SynAckSchedule(undefined, () => 10).retries, 5)
  })

  test('is not the list that it was made from', () => {
    const waits = [300, 500]
    const schedule = new SynAckSchedule(undefined, waits)
    waits[0] = 1
    assert.deepEqual(schedule.waits, [300, 500])
  })

  for (const [what, name, retries, waits] of [
    ['negative retries', 'synAckRetries', -1, undefined],
    ['half a retry', 'synAckRetries', 1.5, undefined],
    ['too many retries', 'synAckRetries', 65, () => 1],
    ['retries that are no number', 'synAckRetries', Number.NaN, undefined],
    ['no wait at all', 'synAckRetries', undefined, []],
    ['fewer waits than retries need', 'synAckWaits', 2, [1, 2]],
    ['a wait of nothing', 'synAckWaits', undefined, [1000, 0]],
    ['a negative wait', 'synAckWaits', 0, () => -1],
    ['an endless wait', 'synAckWaits', 0, [Infinity]],
    ['a wait that is no number', 'synAckWaits', undefined, [Number.NaN]],
  ] as const) {
    test(`refuses ${what}`, () => {
      assert.throws(() => new SynAckSchedule(retries, waits), {
        name: 'RangeError',
        code: 'ERR_OUT_OF_RANGE',
        message: new RegExp(`"${name}"`),
      })
    })
  }
})
