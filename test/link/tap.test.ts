import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { type Direction, type TapObserver, tap } from '../../src/link/tap.ts'
import { createWire } from '../../src/link/wire.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { Recorder, range, sendNumbered } from './recorder.ts'

type Shown = [number: number, direction: Direction, swallowed: boolean]

function tapped(filter?: TapObserver['filter'], queue = 100) {
  const clock = new VirtualClock()
  const [bare, b] = createWire(clock, { queue })
  const shown: Shown[] = []
  const a = tap(bare, {
    ...(filter && { filter }),
    frame: (octets, start, _end, direction, swallowed) => {
      shown.push([octets[start]!, direction, swallowed])
    },
  })
  return { clock, a, b, shown, atA: new Recorder(a, clock), atB: new Recorder(b, clock) }
}

test('each frame is shown with its direction, and passes unchanged', () => {
  const { clock, a, b, shown, atA, atB } = tapped()
  sendNumbered(a, 1)
  sendNumbered(b, 2)
  clock.run()
  deepEqual(shown, [
    [1, 'outward', false],
    [2, 'inward', false],
  ])
  deepEqual(atB.numbers, [1])
  deepEqual(atA.numbers, [2])
  equal(atA.drains, 1)
})

test('what the filter refuses is shown, and swallowed', () => {
  const { clock, a, b, shown, atA, atB } = tapped((octets, start) => octets[start]! % 2 === 1)
  for (const number of range(4)) {
    equal(sendNumbered(a, number), true)
    sendNumbered(b, 10 + number)
  }
  clock.run()
  deepEqual(atB.numbers, [1, 3])
  deepEqual(atA.numbers, [11, 13])
  equal(shown.filter(([, , swallowed]) => swallowed).length, 4)
})

test('a frame for which the link has no room is shown when it goes', () => {
  const { clock, a, shown, atA, atB } = tapped(undefined, 1)
  sendNumbered(a, 1)
  equal(sendNumbered(a, 2), false)
  atA.onWritable = () => sendNumbered(a, 2)
  clock.run()
  deepEqual(atB.numbers, [1, 2])
  equal(shown.length, 2)
})

test('an injected frame comes in as if from the link, with nobody to vouch for it', () => {
  const { a, shown, atA } = tapped(() => false)
  a.inject(new Uint8Array([7, 7]))
  deepEqual(atA.numbers, [7])
  equal(atA.drains, 1)
  equal(atA.arrivals[0]!.checksumValid, false)
  deepEqual(shown, [[7, 'inward', false]])
})

test('closing passes through both ways', () => {
  const { clock, a, b, atA, atB } = tapped()
  b.close()
  clock.run()
  equal(atA.closings, 1)
  a.close()
  equal(atA.closings, 1)
  equal(atB.closings, 1)
})
