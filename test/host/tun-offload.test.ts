import { deepEqual, match, throws } from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import type { Libc } from '../../src/host/ffi.ts'
import type { TunError } from '../../src/host/tun-error.ts'
import { attachDevice, checkSettings, type TunRequest } from '../../src/host/tun-setup.ts'

const { EINVAL } = constants.errno
const TUNSETOFFLOAD = 0x400454d0
const IFF_VNET_HDR = 0x4000
const IFF_MULTI_QUEUE = 0x0100
const CHECKSUM = 1
const EVERYTHING = 1 | 2 | 4 | 8

/** A kernel whose TUN driver has the features of `mask`, and flags that it has been given. */
class OldKernel implements Libc {
  readonly asked: number[] = []
  flags = 0
  readonly #mask: number

  constructor(mask: number) {
    this.#mask = mask
  }

  ioctl(_fd: number, _request: number, structure: Uint8Array): number {
    if (structure.length > 16) this.flags = new DataView(structure.buffer).getUint16(16, true)
    return 0
  }

  ioctlValue(_fd: number, request: number, value: number): number {
    if (request === TUNSETOFFLOAD) this.asked.push(value)
    return (value & ~this.#mask) === 0 ? 0 : -EINVAL
  }

  read = (): number => -EINVAL
  write = (): number => -EINVAL
  readScattered = (): number => -EINVAL
  writeGathered = (): number => -EINVAL
  socket = (): number => -EINVAL
  watch = () => ({ wantWritable: () => {}, unref: () => {}, close: () => {} })
}

const USUAL: TunRequest = {
  name: 'estab0',
  mtu: undefined,
  txQueueLength: 1,
  addresses: undefined,
  medium: 'ip',
  offload: undefined,
  multiQueue: false,
}

function attach(mask: number, request: Partial<TunRequest> = {}) {
  const kernel = new OldKernel(mask)
  return { kernel, device: attachDevice(kernel, 3, checkSettings({ ...USUAL, ...request })) }
}

test('all the offload that the kernel takes is taken', () => {
  const { kernel, device } = attach(EVERYTHING)
  deepEqual(kernel.asked, [EVERYTHING])
  const offload = { checksum: true, segmentation: 65_535 }
  deepEqual(device, { name: 'estab0', headroom: 10, offload, offloadRefusal: undefined })
  deepEqual(kernel.flags & IFF_VNET_HDR, IFF_VNET_HDR)
})

test('without the one for ECN there is segmentation still', () => {
  const { kernel, device } = attach(EVERYTHING & ~8)
  deepEqual(kernel.asked, [EVERYTHING, EVERYTHING & ~8])
  deepEqual([device.offload.segmentation, device.offloadRefusal], [65_535, undefined])
})

test('a kernel that refuses segments leaves checksums, and the reason is told', () => {
  const { device } = attach(CHECKSUM)
  deepEqual(device.offload, { checksum: true, segmentation: 0 })
  match(device.offloadRefusal!, /refuses segments of 64 KiB: EINVAL/)
})

test('a kernel that refuses everything is used without', () => {
  const { kernel, device } = attach(0)
  deepEqual(device.offload, { checksum: false, segmentation: 0 })
  match(device.offloadRefusal!, /refuses checksum offload: EINVAL/)
  deepEqual(kernel.asked.at(-1), 0)
})

test('what nobody wants is not asked for, and what the last user of the device had is taken back', () => {
  for (const request of [{ offload: false }, { medium: 'ethernet' }] as const) {
    const { kernel, device } = attach(EVERYTHING, request)
    deepEqual(kernel.asked, [0])
    deepEqual([device.offload.checksum, device.offloadRefusal], [false, undefined])
  }
  throws(() => checkSettings({ ...USUAL, medium: 'ethernet', offload: true }), { code: 'EINVAL' } as Partial<TunError>)
})

test('several queues are a flag of the device', () => {
  deepEqual(attach(EVERYTHING).kernel.flags & IFF_MULTI_QUEUE, 0)
  deepEqual(attach(EVERYTHING, { multiQueue: true }).kernel.flags & IFF_MULTI_QUEUE, IFF_MULTI_QUEUE)
})

test('frames have a header for offloads where there are any, and where another queue of the device may have them', () => {
  const headerOf = (request: Partial<TunRequest>, mask = EVERYTHING): (number | boolean)[] => {
    const { kernel, device } = attach(mask, request)
    return [device.headroom, (kernel.flags & IFF_VNET_HDR) !== 0]
  }
  deepEqual(headerOf({ offload: false }), [0, false])
  deepEqual(headerOf({ medium: 'ethernet' }), [0, false])
  deepEqual(headerOf({ offload: false, multiQueue: true }), [10, true])
  deepEqual(headerOf({}, 0), [10, true])
})
