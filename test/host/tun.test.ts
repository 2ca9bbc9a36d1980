import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict'
import { fstatSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { test } from 'node:test'
import type { Libc } from '../../src/host/ffi.ts'
import { openTun, type TunDevice, TunLink } from '../../src/host/tun.ts'
import { TunError } from '../../src/host/tun-error.ts'
import { checkPlatform, checkSettings, openDevice } from '../../src/host/tun-setup.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { NO_OFFLOAD, Offload } from '../../src/wire/offload.ts'
import { Payload } from '../../src/wire/payload.ts'
import { Recorder, range, sendNumbered } from '../link/recorder.ts'

const { EAGAIN, EINTR, EIO, EINVAL } = constants.errno

/** A kernel that answers reads and writes with what a test lays down, and then with EAGAIN. */
class FakeLibc implements Libc {
  readonly reads: number[] = []
  readonly writes: number[] = []
  readonly written: Uint8Array[] = []
  wantsWritable = false
  watched = false
  ready: (writable: boolean) => void = () => {}

  read(_fd: number, into: Uint8Array): number {
    const result = this.reads.shift() ?? -EAGAIN
    if (result > 0) into.fill(result, 10, 10 + 40)
    return result > 0 ? 50 : result
  }

  write(_fd: number, octets: Uint8Array, start: number, end: number): number {
    const result = this.writes.shift() ?? end - start
    if (result > 0) this.written.push(octets.slice(start, end))
    return result
  }

  readScattered = (): number => -EINVAL

  writeGathered(fd: number, octets: Uint8Array, start: number, end: number, payload: Payload): number {
    const { octets: ring, start: from, length } = payload
    const tail = Array.from({ length }, (_, i) => ring[(from + i) % ring.length]!)
    const whole = Uint8Array.from([...octets.subarray(start, end), ...tail])
    return this.write(fd, whole, 0, whole.length)
  }

  socket = (): number => -EINVAL
  ioctl = (): number => 0
  ioctlValue = (): number => 0

  watch(_fd: number, onReady: (writable: boolean) => void) {
    this.watched = true
    this.ready = onReady
    return {
      wantWritable: (wanted: boolean) => {
        this.wantsWritable = wanted
      },
      unref: () => {},
      close: () => {
        this.watched = false
      },
    }
  }
}

function fakeTun(given: Partial<TunDevice> = {}) {
  const libc = new FakeLibc()
  const fd = openSync('/dev/null', 'r')
  const link = new TunLink(libc, fd, { name: 'fake0', index: 7, mtu: 1500, offload: NO_OFFLOAD, ...given })
  return { libc, fd, link, recorder: new Recorder(link, new VirtualClock()) }
}

test('all frames that wait are read, and then the receiver is told', () => {
  const { libc, link, recorder } = fakeTun()
  libc.reads.push(1, 2, -EINTR, 3)
  libc.ready(false)
  deepEqual(recorder.numbers, [1, 2, 3])
  equal(recorder.arrivals[0]!.octets.length, 40)
  equal(recorder.drains, 1)
  equal(link.counters.received, 3)
  link.close()
})

test('behind an IP packet others may follow before the receiver is told', () => {
  for (const medium of ['ip', 'ethernet'] as const) {
    const { libc, link, recorder } = fakeTun({ medium })
    libc.reads.push(1, 2)
    libc.ready(false)
    deepEqual(
      recorder.arrivals.map(({ more }) => more),
      medium === 'ip' ? [true, true] : [false, false],
    )
    link.close()
  }
})

test('one turn reads a bounded number of frames', () => {
  const { libc, link, recorder } = fakeTun()
  libc.reads.push(...new Array<number>(200).fill(1))
  libc.ready(false)
  equal(recorder.arrivals.length, 128)
  equal(recorder.drains, 1)
  libc.ready(false)
  equal(recorder.arrivals.length, 200)
  link.close()
})

test('who polls gets the frames that wait, and no word of their end', () => {
  const { libc, link, recorder } = fakeTun({ batch: 3 })
  libc.reads.push(1, -EINTR, 2)
  link.poll()
  deepEqual(recorder.numbers, [1, 2])
  libc.reads.push(3, 4, 5, 6)
  link.poll()
  deepEqual(recorder.numbers, [1, 2, 3, 4, 5])
  equal(recorder.drains, 0)
  libc.ready(false)
  deepEqual(recorder.numbers, [1, 2, 3, 4, 5, 6])
  equal(recorder.drains, 1)
  link.close()
  libc.reads.push(7)
  link.poll()
  equal(recorder.arrivals.length, 6)
})

test('how many frames a turn reads is told when the device is opened', async () => {
  const { libc, link, recorder } = fakeTun({ batch: 3 })
  libc.reads.push(1, 2, 3, 4, 5)
  libc.ready(false)
  deepEqual(recorder.numbers, [1, 2, 3])
  libc.ready(false)
  deepEqual(recorder.numbers, [1, 2, 3, 4, 5])
  link.close()
  await rejects(openTun({ batch: 0 }), failure('EINVAL', /whole number of frames, from 1 on/))
})

test('how long more frames are looked for is at most a millisecond', async () => {
  for (const busyPoll of [-1, 1001, Number.NaN]) {
    await rejects(openTun({ busyPoll }), failure('EINVAL', /0 to 1000 µs/))
  }
})

test('a frame goes out behind a header of zeros, from wherever it lies', () => {
  const { libc, link } = fakeTun()
  for (const number of range(3)) sendNumbered(link, number)
  const shared = new Uint8Array(link.headroom + 300).fill(9)
  const nothing = { checksumValid: false, checksumPartial: false, segmentSize: 0, clear: () => {} }
  link.send(shared, link.headroom, link.headroom + 40, nothing)
  link.send(shared, link.headroom + 100, link.headroom + 140, nothing)
  link.send(shared, link.headroom + 100, link.headroom + 141, nothing)
  deepEqual(
    libc.written.map((octets) => [octets.length, octets[0], octets[9], octets[10]]),
    [0, 1, 2, 9, 9, 9].map((number, i) => [i === 5 ? 51 : 50, 0, 0, number]),
  )
  link.close()
})

test('a frame goes out in two pieces, with one header before it', () => {
  const { libc, link } = fakeTun()
  const offload = new Offload()
  offload.checksumPartial = true
  const payload = new Payload()
  payload.set(Uint8Array.of(4, 5, 1, 2, 3), 2, 5)
  const octets = new Uint8Array(link.headroom + 40).fill(0x45, link.headroom)
  libc.writes.push(-EINTR)
  equal(link.sendGathered(octets, link.headroom, link.headroom + 40, payload, offload), true)
  const [written] = libc.written
  deepEqual([written!.length, written![0], written![10]], [55, 1, 0x45])
  deepEqual([...written!.slice(50)], [1, 2, 3, 4, 5])
  equal(link.counters.sent, 1)
  libc.writes.push(-EAGAIN, -EIO)
  equal(link.sendGathered(octets, link.headroom, link.headroom + 40, payload, offload), false)
  equal(libc.wantsWritable, true)
  equal(link.sendGathered(octets, link.headroom, link.headroom + 40, payload, offload), true)
  equal(link.counters.refused, 1)
  link.close()
  equal(link.sendGathered(octets, link.headroom, link.headroom + 40, payload, offload), true)
  equal(libc.written.length, 1)
})

test('without offloads frames are as they are, both ways', () => {
  const { libc, link, recorder } = fakeTun({ headroom: 0 })
  sendNumbered(link, 7)
  equal(link.headroom, 0)
  deepEqual(
    libc.written.map((octets) => [octets.length, octets[0]]),
    [[40, 7]],
  )
  libc.reads.push(9)
  libc.ready(false)
  deepEqual(
    recorder.arrivals.map(({ octets }) => [octets.length, octets[10]]),
    [[50, 9]],
  )
  link.close()
})

test('when the kernel has no room the frame is not taken, until there is room', () => {
  const { libc, link, recorder } = fakeTun()
  libc.writes.push(-EINTR, -EAGAIN)
  equal(sendNumbered(link, 1), false)
  equal(libc.wantsWritable, true)
  libc.ready(true)
  equal(recorder.writables, 1)
  equal(libc.wantsWritable, false)
  equal(sendNumbered(link, 1), true)
  equal(link.counters.sent, 1)
  link.close()
})

test('a frame that the kernel refuses is lost and counted', () => {
  const { libc, link } = fakeTun()
  libc.writes.push(-EIO, -EINVAL)
  equal(sendNumbered(link, 1), true)
  equal(sendNumbered(link, 1), true)
  deepEqual(link.counters, { received: 0, sent: 0, refused: 2 })
  link.close()
})

test('a device that is gone ends the link with an error, once', () => {
  const { libc, fd, link, recorder } = fakeTun()
  libc.reads.push(1, -77)
  libc.ready(false)
  equal(recorder.arrivals.length, 1)
  equal(recorder.drains, 0)
  equal(recorder.closings, 1)
  ok(recorder.error instanceof TunError)
  equal(recorder.error.code, 'ENODEV')
  throws(() => fstatSync(fd))
  link.close()
  equal(recorder.closings, 1)
  equal(libc.watched, false)
})

test('closed by its receiver in the middle of a batch, it reads no more', () => {
  const { libc, link, recorder } = fakeTun()
  recorder.frame = () => link.close()
  libc.reads.push(1, 2, 3)
  libc.ready(true)
  equal(libc.reads.length, 2)
  equal(recorder.drains + recorder.writables, 0)
  equal(recorder.closings, 1)
})

test('what the receiver throws leaves it drained and the link open', () => {
  const { libc, link, recorder } = fakeTun()
  recorder.frame = () => {
    throw new Error('mine')
  }
  libc.reads.push(1, 2)
  throws(() => libc.ready(true), /mine/)
  equal(recorder.drains, 1)
  equal(recorder.writables, 1)
  equal(libc.watched, true)
  link.close()
})

function failure(code: string, message: RegExp): (error: unknown) => true {
  return (error) => {
    ok(error instanceof TunError, String(error))
    equal(error.code, code)
    match(error.message, message)
    return true
  }
}

test('a name, an MTU, a queue or an address that cannot be is refused with EINVAL, which names it', () => {
  const check = (change: { name?: string; mtu?: number; queue?: number; addresses?: string[] }) => () => {
    const { name = 'estab0', mtu, queue = 1, addresses = [] } = change
    const rest = { medium: 'ip', offload: undefined, multiQueue: false } as const
    checkSettings({ name, mtu, txQueueLength: queue, addresses, ...rest })
  }
  for (const name of ['', '.', '..', 'a/b', 'a b', 'a:1', 'sixteen-letters!', '%d%d', 'a%s']) {
    throws(check({ name }), failure('EINVAL', /is no name for a network device/), name)
  }
  for (const name of ['estab%d', 'a', 'fifteen-letters', '€0']) check({ name })()
  for (const mtu of [67, 65_536, 1500.5, Number.NaN]) throws(check({ mtu }), failure('EINVAL', /MTU must be 68 to/))
  throws(check({ mtu: 1279, addresses: ['fd77::1/64'] }), failure('EINVAL', /MTU must be 1280 to 65535, not 1279/))
  throws(check({ queue: 0 }), failure('EINVAL', /queue/))
  throws(check({ addresses: ['10.77.0.256/24'] }), failure('EINVAL', /"10.77.0.256\/24" is no address in CIDR/))
})

test('elsewhere than on little-endian Linux it says so', () => {
  throws(() => checkPlatform('darwin', 'LE'), failure('ERR_UNSUPPORTED_PLATFORM', /this is darwin/))
  throws(() => checkPlatform('linux', 'BE'), failure('ERR_UNSUPPORTED_PLATFORM', /a big-endian Linux/))
  checkPlatform('linux', 'LE')
})

test('where there is no TUN driver it says how to get one', () => {
  throws(
    () => openDevice('/dev/net/no-such-device'),
    failure('ENOENT', /is not there. Load the module \(modprobe tun\)/),
  )
})

test('an option that is wrong is found before anything is opened', async () => {
  await rejects(openTun({ name: 'a/b' }), TunError)
})
