import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Neighbour, NeighbourState } from '../../src/ip/neighbour.ts'
import { NeighbourCache } from '../../src/ip/neighbour-cache.ts'
import { Counters } from '../../src/tcp/counters.ts'
import { IpAddress } from '../../src/wire/address.ts'

const ADDRESS = IpAddress.parse('fd00::2')!
const OLD = 0x02_00_00_00_00_02
const NEW = 0x02_00_00_00_00_99

function makeCache(): { cache: NeighbourCache; released: number[] } {
  const released: number[] = []
  const cache = new NeighbourCache({
    counters: new Counters(),
    release: (_, mac) => released.push(mac),
    undeliverable: () => {},
  })
  return { cache, released }
}

/** A cache with one entry, in this state at 100 s. */
function inState(state: NeighbourState): { cache: NeighbourCache; neighbour: Neighbour } {
  const { cache } = makeCache()
  const advance = (now: number): void => {
    cache.advance(now)
    cache.nextQuestion(now)
  }
  cache.use(ADDRESS, 0)
  cache.nextQuestion(0)
  const neighbour = cache.get(ADDRESS)!
  if (state === 'INCOMPLETE') return { cache, neighbour }
  cache.learnFromAnswer(ADDRESS, OLD, { solicited: true, override: true }, state === 'REACHABLE' ? 100_000 : 1)
  if (state !== 'REACHABLE') advance(31_000)
  if (state === 'DELAY') cache.use(ADDRESS, 99_000)
  if (state === 'PROBE') {
    cache.use(ADDRESS, 94_500)
    advance(99_500)
  }
  assert.equal(neighbour.state, state)
  return { cache, neighbour }
}

/** RFC 4861 appendix C: state, solicited, override, the address told; then the state and the address that follow. */
const TABLE: readonly (readonly [
  NeighbourState,
  0 | 1,
  0 | 1,
  number | undefined,
  NeighbourState,
  number | undefined,
])[] = [
  ['INCOMPLETE', 0, 0, NEW, 'STALE', NEW],
  ['INCOMPLETE', 0, 1, NEW, 'STALE', NEW],
  ['INCOMPLETE', 1, 0, NEW, 'REACHABLE', NEW],
  ['INCOMPLETE', 1, 1, undefined, 'INCOMPLETE', undefined],
  ...(['REACHABLE', 'STALE', 'DELAY', 'PROBE'] as const).flatMap(
    (state) =>
      [
        [state, 1, 0, OLD, 'REACHABLE', OLD],
        [state, 1, 1, OLD, 'REACHABLE', OLD],
        [state, 1, 1, NEW, 'REACHABLE', NEW],
        [state, 1, 0, undefined, 'REACHABLE', OLD],
        [state, 0, 1, OLD, state, OLD],
        [state, 0, 0, OLD, state, OLD],
        [state, 0, 1, NEW, 'STALE', NEW],
        [state, 1, 0, NEW, state === 'REACHABLE' ? 'STALE' : state, OLD],
        [state, 0, 0, NEW, state === 'REACHABLE' ? 'STALE' : state, OLD],
      ] as const,
  ),
]

describe('an answer about a neighbour (RFC 4861 §7.2.5)', () => {
  for (const [state, solicited, override, told, next, mac] of TABLE) {
    const address = told === undefined ? 'no address' : told === NEW ? 'another address' : 'the same address'
    test(`in ${state}, S ${solicited}, O ${override}, ${address}: ${next}`, () => {
      const { cache, neighbour } = inState(state)
      cache.learnFromAnswer(ADDRESS, told, { solicited: solicited === 1, override: override === 1 }, 100_000)
      assert.deepEqual([neighbour.state, neighbour.mac], [next, mac])
    })
  }
})

describe('a question of a neighbour (RFC 4861 §7.2.3)', () => {
  test('makes an entry in STALE', () => {
    const { cache } = makeCache()
    cache.learnFromQuestion(ADDRESS, NEW)
    assert.deepEqual([cache.get(ADDRESS)?.state, cache.get(ADDRESS)?.mac], ['STALE', NEW])
    assert.equal(cache.nextDeadline(), Number.POSITIVE_INFINITY)
  })

  for (const state of ['REACHABLE', 'STALE', 'DELAY', 'PROBE'] as const) {
    test(`changes nothing in ${state} unless it tells another address`, () => {
      const { cache, neighbour } = inState(state)
      cache.learnFromQuestion(ADDRESS, OLD)
      assert.equal(neighbour.state, state)
      cache.learnFromQuestion(ADDRESS, NEW)
      assert.deepEqual([neighbour.state, neighbour.mac], ['STALE', NEW])
    })
  }

  test('releases what waits for its sender', () => {
    const { cache, released } = makeCache()
    const neighbour = cache.use(ADDRESS, 0)
    cache.enqueue(neighbour, { octets: new Uint8Array(1), checksumPartial: false })
    cache.learnFromQuestion(ADDRESS, NEW)
    assert.deepEqual(released, [NEW])
    assert.equal(cache.nextQuestion(0), undefined, 'there is nothing to be asked any more')
  })
})
