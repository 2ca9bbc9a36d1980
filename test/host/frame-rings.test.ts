import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader, FrameWriter, openFrameRings } from '../../src/host/frame-rings.ts'
import { READ, READ_FIXED, WRITE, WRITE_FIXED } from '../../src/host/io-uring.ts'
import type { Frames } from '../../src/link/link.ts'
import { range } from '../link/recorder.ts'
import { FakeUring, type Request } from './fake-uring.ts'

const { EAGAIN, EINVAL, EIO, ENOMEM, EOPNOTSUPP, EPERM } = constants.errno
const BEFORE = 4
const LENGTH = 20

/** A device that takes frames and writes down their numbers. */
function device(written: number[], refuses: (number: number) => number = () => 0) {
  return ({ operation, octets }: Request): number => {
    if (operation !== WRITE && operation !== WRITE_FIXED) return -EINVAL
    if (octets.length < BEFORE) return -EINVAL
    equal(octets.length, BEFORE + LENGTH)
    const refusal = refuses(octets[BEFORE]!)
    if (refusal < 0) return refusal
    written.push(octets[BEFORE]!)
    return octets.length
  }
}

function framesOf(count: number): Frames {
  const octets = new Uint8Array(count * (BEFORE + LENGTH))
  const starts = Int32Array.from({ length: count }, (_, i) => i * (BEFORE + LENGTH) + BEFORE)
  const ends = starts.map((start) => start + LENGTH)
  for (let i = 0; i < count; i++) octets.fill(i, starts[i]!, ends[i]!)
  return { octets, starts, ends, offloads: [] }
}

function writerOf(kernel: FakeUring): FrameWriter {
  const writer = FrameWriter.open(kernel, 3)
  ok(writer instanceof FrameWriter)
  return writer
}

function readerOf(kernel: FakeUring, longest = 1510): FrameReader {
  const reader = FrameReader.open(kernel, 3, longest)
  ok(reader instanceof FrameReader)
  return reader
}

test('frames are written in their order, each once, 64 by one call', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 10 }), (batches) => {
      const kernel = new FakeUring()
      const written: number[] = []
      kernel.carryOut = device(written)
      const writer = writerOf(kernel)
      for (const count of batches) {
        const frames = framesOf(count)
        written.length = 0
        const calls = kernel.calls
        let first = 0
        while (first < count) first += writer.write(frames, BEFORE, first, count)
        deepEqual(
          written,
          range(count).map((number) => number & 0xff),
        )
        equal(kernel.calls - calls, Math.ceil(count / 64))
      }
      equal(writer.refused, 0)
      writer.close()
      deepEqual([kernel.mapped, kernel.open], [0, 0])
    }),
  )
})

test('frames are written from registered memory, where that is had, and from any other', () => {
  for (const [results, operations] of [
    [[], [WRITE, WRITE_FIXED, WRITE]],
    [
      [0, -ENOMEM],
      [WRITE, WRITE, WRITE],
    ],
  ] as const) {
    const kernel = new FakeUring()
    const written: number[] = []
    kernel.carryOut = device(written)
    kernel.registerResults.push(...results)
    const writer = writerOf(kernel)
    for (const _ of range(2)) equal(writer.write(framesOf(1), BEFORE, 0, 1), 1)
    deepEqual([kernel.operations, written], [operations, [0, 0]])
    writer.close()
  }
})

test('a frame that the kernel does not take is counted, and the others go', () => {
  const kernel = new FakeUring()
  const written: number[] = []
  kernel.carryOut = device(written, (number) => (number % 3 === 1 ? -EIO : 0))
  const writer = writerOf(kernel)
  const frames = framesOf(9)
  equal(writer.write(frames, BEFORE, 0, 9), 9)
  equal(writer.refused, 3)
  deepEqual(written, [0, 2, 3, 5, 6, 8])
  equal(writer.write(frames, BEFORE, 8, 9), 1)
  writer.close()
})

test('a device whose room is bounded gets its frames one by one from then on', () => {
  const kernel = new FakeUring()
  kernel.carryOut = device([], (number) => (number === 5 ? -EAGAIN : 0))
  const writer = writerOf(kernel)
  const frames = framesOf(9)
  equal(writer.write(frames, BEFORE, 0, 9), 9)
  equal(writer.refused, 1)
  equal(writer.write(frames, BEFORE, 0, 9), 0)
  writer.close()
})

test('where the kernel carries out less than it is asked for, the rest is left to others', () => {
  for (const room of [3, -EAGAIN]) {
    const kernel = new FakeUring()
    const written: number[] = []
    kernel.carryOut = device(written)
    const writer = writerOf(kernel)
    kernel.rooms.push(room)
    const frames = framesOf(9)
    equal(writer.write(frames, BEFORE, 0, 9), Math.max(0, room))
    deepEqual(written, range(Math.max(0, room)))
    equal(writer.write(frames, BEFORE, 3, 9), 0)
    writer.close()
    equal(writer.write(frames, BEFORE, 3, 9), 0)
  }
})

test('as many frames are read together as the last two turns had at least, once these are worth it', () => {
  const reader = readerOf(new FakeUring())
  const turn = (count: number, wasCut = false): number => {
    const expected = reader.expected(1000)
    reader.count(count)
    reader.endTurn(wasCut)
    return expected
  }
  deepEqual([turn(30), turn(20), turn(7), turn(100)], [0, 0, 20, 0])
  deepEqual([turn(100, true), turn(100, true), turn(1)], [0, 64, 64])
  reader.count(1)
  equal(reader.expected(1000), 0)
  reader.endTurn(true)
  reader.endTurn(true)
  equal(reader.expected(10), 10)
  reader.count(5)
  equal(reader.expected(10), 10, 'of a turn that was cut nobody knows how long it was')
  reader.close()
  equal(reader.expected(10), 0)
})

test('frames are read in their order, each to a place of its own', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(64), fc.nat(64)), { maxLength: 10 }), (reads) => {
      const kernel = new FakeUring()
      const reader = readerOf(kernel)
      let next = 0
      let waiting = 0
      kernel.carryOut = ({ octets }) => {
        if (waiting-- <= 0) return -EAGAIN
        octets.fill(next++, 0, LENGTH)
        return LENGTH
      }
      for (const [count, there] of reads) {
        waiting = there
        const first = next
        equal(reader.read(count), count)
        for (let i = 0; i < count; i++) {
          equal(reader.resultOf(i), i < there ? LENGTH : -EAGAIN)
          const start = reader.startOf(i)
          const frame = reader.octets.subarray(start, start + LENGTH)
          if (i < there) deepEqual(frame, new Uint8Array(LENGTH).fill(first + i))
        }
      }
      reader.close()
      deepEqual([kernel.mapped, kernel.open], [0, 0])
    }),
  )
})

test('memory that may not be locked is read to all the same', () => {
  for (const [result, operation] of [
    [0, READ_FIXED],
    [-ENOMEM, READ],
  ] as const) {
    const kernel = new FakeUring()
    kernel.registerResults.push(0, result)
    const reader = readerOf(kernel)
    reader.read(2)
    deepEqual(kernel.operations, [operation, operation])
    reader.close()
  }
})

test('frames that were cut, since the device has a greater MTU by now, end the reading together', () => {
  const kernel = new FakeUring()
  const reader = readerOf(kernel)
  reader.endTurn(true)
  reader.endTurn(true)
  equal(reader.expected(64), 64)
  reader.read(8)
  equal(reader.expected(64), 0)
  reader.close()
})

test('a kernel that will not carry out what is read ends it, too', () => {
  const kernel = new FakeUring()
  const reader = readerOf(kernel)
  reader.endTurn(true)
  reader.endTurn(true)
  kernel.rooms.push(-EPERM)
  equal(reader.read(8), 0)
  equal(reader.expected(64), 0)
  reader.close()
})

test('what keeps frames from crossing together has a name', () => {
  const refusal = (change: (kernel: FakeUring) => void, longest = 1510): string => {
    const kernel = new FakeUring()
    kernel.carryOut = device([])
    change(kernel)
    const rings = openFrameRings(kernel, 3, longest)
    rings.reader?.close()
    rings.writer?.close()
    deepEqual([kernel.mapped, kernel.open], [0, 0])
    return rings.refusal ?? ''
  }
  equal(
    refusal(() => {}),
    '',
  )
  match(
    refusal((kernel) => {
      kernel.setupResult = -EPERM
    }),
    /^io_uring_setup fails with EPERM: it is forbidden here/,
  )
  match(
    refusal((kernel) => {
      kernel.registerResults.push(-ENOMEM)
    }),
    /^io_uring_register fails with ENOMEM: it needs more locked memory/,
  )
  match(
    refusal((kernel) => {
      kernel.carryOut = () => -EOPNOTSUPP
    }),
    /without waiting \(ENOTSUP\)/,
  )
  match(
    refusal(() => {}, 65_545),
    /^frames of 65545 octets are too long/,
  )
  equal(openFrameRings(undefined, 3, 1510).refusal, undefined)
})
