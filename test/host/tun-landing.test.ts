import { deepEqual, equal } from 'node:assert/strict'
import { openSync } from 'node:fs'
import { constants } from 'node:os'
import { test } from 'node:test'
import type { Libc } from '../../src/host/ffi.ts'
import { TunLink } from '../../src/host/tun.ts'
import { VNET_HEADER_LENGTH } from '../../src/host/vnet-header.ts'
import { Landing } from '../../src/wire/landing.ts'
import type { OffloadCapability } from '../../src/wire/offload.ts'
import { ACK } from '../../src/wire/segment.ts'
import { scatter } from '../support/landing-link.ts'
import { segmentIn, tcpPacket } from './hand-made-tcp.ts'

const { EAGAIN, EINTR, EINVAL } = constants.errno
const OFFLOAD: OffloadCapability = { checksum: true, segmentation: 65_535 }
/** VIRTIO_NET_HDR_F_DATA_VALID */
const VALID = 2

/** A kernel with frames that wait, each behind its header. */
class Waiting implements Libc {
  readonly frames: Uint8Array[] = []
  interrupt = false
  ready: (writable: boolean) => void = () => {}

  read(_fd: number, into: Uint8Array): number {
    const frame = this.frames.shift()
    if (frame !== undefined) into.set(frame)
    return frame?.length ?? -EAGAIN
  }

  readScattered(_fd: number, into: Uint8Array, textAt: number, landing: Landing): number {
    if (this.interrupt) {
      this.interrupt = false
      return -EINTR
    }
    const frame = this.frames.shift()
    if (frame === undefined) return -EAGAIN
    equal(textAt, VNET_HEADER_LENGTH + landing.headerLength)
    into.set(frame.subarray(0, VNET_HEADER_LENGTH))
    scatter(frame.subarray(VNET_HEADER_LENGTH), into, VNET_HEADER_LENGTH, landing)
    return frame.length
  }

  write = (): number => -EINVAL
  writeGathered = (): number => -EINVAL
  socket = (): number => -EINVAL
  ioctl = (): number => 0
  ioctlValue = (): number => 0

  watch(_fd: number, onReady: (writable: boolean) => void) {
    this.ready = onReady
    return { wantWritable: () => {}, unref: () => {}, close: () => {} }
  }
}

const TEXT = Uint8Array.from({ length: 100 }, (_, i) => i + 1)

function frame(port: number, length = TEXT.length): Uint8Array {
  const from = { address: '10.0.0.2', port }
  const fields = { flags: ACK, seq: 1, ack: 1, payload: TEXT.subarray(0, length) }
  const packet = tcpPacket(from, { address: '10.0.0.1', port: 80 }, fields, VNET_HEADER_LENGTH)
  packet[0] = VALID
  return packet
}

/** A landing for what comes from port 4000. */
function landingOf(room: number): Landing {
  const { source, destination } = segmentIn(frame(4000).subarray(VNET_HEADER_LENGTH))!
  const landing = new Landing()
  landing.octets = new Uint8Array(room)
  landing.end = room
  landing.headerLength = 40
  landing.source.copy(source)
  landing.destination.copy(destination)
  landing.ports = (4000 << 16) | 80
  return landing
}

interface Seen {
  landed: boolean
  text: Uint8Array
}

function reading(landing: () => Landing | undefined, offload: OffloadCapability = OFFLOAD) {
  const libc = new Waiting()
  const link = new TunLink(libc, openSync('/dev/null', 'r'), { name: 'fake0', index: 7, mtu: 1500, offload })
  const seen: Seen[] = []
  link.attach({
    landing,
    frame(octets, start, end, { landing }) {
      const text = octets.slice(start + 40, end)
      seen.push({ landed: landing !== undefined, text })
      if (landing === undefined) return
      text.set(landing.octets.subarray(landing.start, landing.start + text.length))
    },
    drained() {},
    writable() {},
    closed() {},
  })
  return { libc, link, seen }
}

test('a frame is read to where its text is wanted, and says so; any other is whole', () => {
  const landing = landingOf(TEXT.length)
  const { libc, link, seen } = reading(() => landing)
  libc.interrupt = true
  libc.frames.push(frame(4000), frame(4001), frame(4000, 0), frame(4000, 7))
  libc.ready(false)
  deepEqual(seen, [
    { landed: true, text: TEXT },
    { landed: false, text: TEXT },
    { landed: false, text: new Uint8Array(0) },
    { landed: true, text: TEXT.subarray(0, 7) },
  ])
  equal(link.counters.received, 4)
  link.close()
})

test('where nothing is wanted, or the kernel does no checksums, frames are read whole', () => {
  for (const offload of [OFFLOAD, { checksum: false, segmentation: 0 }]) {
    const wanted = offload === OFFLOAD ? undefined : landingOf(TEXT.length)
    const { libc, link, seen } = reading(() => wanted, offload)
    libc.frames.push(frame(4000))
    libc.ready(false)
    deepEqual(seen, [{ landed: false, text: TEXT }])
    link.close()
  }
})

test('a link that is closed while it asks where text is wanted reads no more', () => {
  const { libc, link, seen } = reading(() => {
    link.close()
    return undefined
  })
  libc.frames.push(frame(4000))
  libc.ready(false)
  deepEqual(seen, [])
  equal(libc.frames.length, 1)
})
