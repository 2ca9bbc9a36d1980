import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFlow } from '../../scripts/sim/goodput-cell.ts'
import { Network } from '../../src/sim/index.ts'

/** 100 Mbit/s, and a queue that holds what the path does. */
const RATE = 100e6
const RTT = 100
const QUEUE = Math.ceil((RATE / 8000) * RTT) / 1500

for (const congestionControl of ['cubic', 'newreno'] as const) {
  test(`slow start on a long path, by ${congestionControl}: no timeout, nothing sent for nothing, and soon the whole rate`, () => {
    const network = new Network({ seed: 1, record: false })
    const tcp = { congestionControl }
    const [sender, receiver] = [network.bareHost('sender', { tcp }), network.bareHost('receiver', { tcp })]
    network.link(sender, receiver, {
      delay: RTT / 2,
      forward: { rate: RATE, queue: { packets: Math.ceil(QUEUE) } },
      backward: { rate: RATE },
    })
    const flow = startFlow(sender, receiver, 5001)
    network.clock.run(2500)
    const before = flow.received()
    network.clock.run(4000)
    const { TCPTimeouts, TCPDSACKRecv, TCPSackRecovery } = sender.stack.counters
    assert.deepEqual([TCPTimeouts, TCPDSACKRecv], [0, 0])
    assert.ok(TCPSackRecovery <= 2, `${TCPSackRecovery} recoveries`)
    assert.equal(receiver.stack.counters.drops['tcp-reassembly-full'] ?? 0, 0)
    assert.ok(((flow.received() - before) * 8000) / 1500 / RATE > 0.95)
  })
}
