import assert from 'node:assert/strict'
import test from 'node:test'
import { Stack, type StackOptions } from '../../src/stack/stack.ts'
import { Offload } from '../../src/wire/offload.ts'

const LINK = { mtu: 1500, offload: { checksum: true, segmentation: 65_535 } }
const SECRET = new Uint8Array(32)

interface Longest {
  octets: number
  segmentSize: number
}

const ADDRESSES = {
  4: { own: '10.0.0.1', peer: '10.0.0.2', prefix: 24 },
  6: { own: 'fd00::1', peer: 'fd00::2', prefix: 64 },
} as const

function sender(options: Partial<StackOptions>, family: 4 | 6 = 4): Stack {
  const { own, prefix } = ADDRESSES[family]
  return new Stack({ secret: SECRET, addresses: [`${own}/${prefix}`], ...options })
}

/** The longest packet of a stack that sends 100,000 octets to a peer, and into what payload it is to be cut. */
function longestPacket(stack: Stack, offload: Offload | undefined, family: 4 | 6 = 4): Longest {
  const { peer, prefix } = ADDRESSES[family]
  const receiver = new Stack({ secret: SECRET.map((_, i) => i), addresses: [`${peer}/${prefix}`] })
  receiver.listen({ port: 80 })
  const connection = stack.connect({ address: peer, port: 80 })
  connection.send(new Uint8Array(100_000))
  const frame = new Uint8Array(65_535)
  const inward = new Offload()
  const longest = { octets: 0, segmentSize: 0 }
  for (let round = 0; round < 50; round++) {
    for (;;) {
      const length = stack.transmit(frame, 0, round, offload)
      if (length === 0) break
      inward.checksumValid = true
      inward.segmentSize = offload?.segmentSize ?? 0
      if (length > longest.octets) Object.assign(longest, { octets: length, segmentSize: inward.segmentSize })
      receiver.receive(frame, 0, length, round, inward)
    }
    for (let length = receiver.transmit(frame, 0, round); length > 0; length = receiver.transmit(frame, 0, round)) {
      stack.receive(frame, 0, length, round)
    }
  }
  assert.equal(connection.sendBuffer.length, 0, 'all is acknowledged')
  return longest
}

for (const family of [4, 6] as const) {
  test(`a packet is as long as the link cuts, IPv${family}`, () => {
    const { octets, segmentSize } = longestPacket(sender(LINK, family), new Offload(), family)
    assert.ok(octets > 20_000 && octets <= 65_535, `${octets} octets`)
    assert.equal(segmentSize, family === 4 ? 1448 : 1428)
  })
}

const UNCUT = { octets: 1500, segmentSize: 0 }

test('a packet is no longer than the MTU where nobody asks what the link has to do', () => {
  assert.deepEqual(longestPacket(sender(LINK), undefined), UNCUT)
})

test('a packet is no longer than the MTU where the link cuts nothing', () => {
  const stack = sender({ mtu: 1500, offload: { checksum: true, segmentation: 0 } })
  assert.deepEqual(longestPacket(stack, new Offload()), UNCUT)
})

test('a packet is no longer than the MTU where it might have to wait for another link', () => {
  const addresses = ['10.0.0.1/24', '10.1.0.1/24']
  const interfaces = addresses.map((address) => ({ addresses: [address], ...LINK }))
  assert.deepEqual(longestPacket(new Stack({ secret: SECRET, interfaces }), new Offload()), UNCUT)
})
