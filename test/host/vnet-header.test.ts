import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { readVnetHeader, VNET_HEADER_LENGTH, writeVnetHeader } from '../../src/host/vnet-header.ts'
import { Offload } from '../../src/wire/offload.ts'

/** An IPv4 packet with a 24-octet header, or an IPv6 one, of `protocol`; its TCP header has 32 octets. */
function packet(family: 4 | 6, protocol: number): Uint8Array {
  const octets = new Uint8Array(VNET_HEADER_LENGTH + 100).fill(0xff, 0, VNET_HEADER_LENGTH)
  const ip = octets.subarray(VNET_HEADER_LENGTH)
  ip[0] = family === 4 ? 0x46 : 0x60
  ip[family === 4 ? 9 : 6] = protocol
  ip[(family === 4 ? 24 : 40) + 12] = 0x80
  return octets
}

function written(octets: Uint8Array, offload: Partial<Offload>): number[] {
  writeVnetHeader(octets, VNET_HEADER_LENGTH, Object.assign(new Offload(), offload))
  return [...octets.subarray(0, VNET_HEADER_LENGTH)]
}

test('without offload the header is nothing but zeros', () => {
  deepEqual(written(packet(4, 6), {}), new Array<number>(10).fill(0))
  deepEqual(written(packet(4, 6), { segmentSize: 1460 }), new Array<number>(10).fill(0))
})

test('a partial checksum is named by where it starts and where it goes', () => {
  deepEqual(written(packet(4, 6), { checksumPartial: true }), [1, 0, 0, 0, 0, 0, 24, 0, 16, 0])
  deepEqual(written(packet(6, 6), { checksumPartial: true }), [1, 0, 0, 0, 0, 0, 40, 0, 16, 0])
  deepEqual(written(packet(6, 17), { checksumPartial: true }), [1, 0, 0, 0, 0, 0, 40, 0, 6, 0])
})

test('segments are named by their size, with the length of the headers that each of them gets', () => {
  const large = { checksumPartial: true, segmentSize: 1448 }
  deepEqual(written(packet(4, 6), large), [1, 1, 56, 0, 0xa8, 0x05, 24, 0, 16, 0])
  deepEqual(written(packet(6, 6), large), [1, 4, 72, 0, 0xa8, 0x05, 40, 0, 16, 0])
})

test('where the sender has reduced its window, one segment alone is to say so (RFC 3168 §6.1.2)', () => {
  const octets = packet(4, 6)
  octets[VNET_HEADER_LENGTH + 24 + 13] = 0x90
  deepEqual(written(octets, { checksumPartial: true, segmentSize: 1448 }).slice(0, 2), [1, 0x81])
  const into = new Offload()
  readVnetHeader(new Uint8Array([1, 0x81, 52, 0, 0xa8, 0x05, 20, 0, 16, 0]), 0, into)
  equal(into.segmentSize, 1448)
})

test('inward, a checksum that is left to the device needs no check, nor does one that was checked', () => {
  const read = (...octets: number[]): Offload => {
    const offload = new Offload()
    readVnetHeader(new Uint8Array([9, ...octets]), 1, offload)
    return offload
  }
  const plain = read(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  equal(plain.checksumValid || plain.checksumPartial || plain.segmentSize > 0, false)
  const partial = read(1, 1, 52, 0, 0xa8, 0x05, 20, 0, 16, 0)
  deepEqual(
    { ...partial },
    { checksumValid: true, checksumPartial: true, segmentSize: 1448, landing: undefined, more: false },
  )
  const checked = read(2, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0)
  deepEqual(
    { ...checked },
    { checksumValid: true, checksumPartial: false, segmentSize: 0, landing: undefined, more: false },
  )
})
