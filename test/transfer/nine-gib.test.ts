import assert from 'node:assert/strict'
import test from 'node:test'
import { Chance } from '../../src/sim/chance.ts'
import type { BareHost } from '../../src/sim/host.ts'
import { Network } from '../../src/sim/network.ts'
import type { Connection } from '../../src/tcp/connection.ts'

const SIZE = 9 * 2 ** 30
const PORT = 7000

/** A stream that repeats itself after so many octets: an odd number, so that no two segments begin at the same place of it. */
const PERIOD = 1_048_573
const BLOCK = new Chance(9).bytes(PERIOD)
/** Twice, so that every piece of up to a period lies in one piece. */
const STREAM = Buffer.concat([BLOCK, BLOCK])

function host(network: Network, name: string): BareHost {
  const tcp = { sendBuffer: 2 ** 22, receiveBuffer: 2 ** 22 }
  return network.bareHost(name, { mtu: 65_535, tcp })
}

/** Writes as much as is taken, up to SIZE, and closes then. */
function writer(connection: Connection): () => void {
  let sent = 0
  return () => {
    while (sent < SIZE) {
      const at = sent % PERIOD
      const offered = Math.min(65_536, SIZE - sent)
      const taken = connection.send(STREAM, at, at + offered)
      sent += taken
      if (taken < offered) return
    }
    connection.close()
  }
}

test('sequence numbers wrap twice within 9 GiB, and every octet is right (RFC 9293 §3.4)', () => {
  const network = new Network({ seed: 9, record: false })
  const [a, b] = [host(network, 'a'), host(network, 'b')]
  network.link(a, b, { delay: 1, forward: { loss: 0.0001, duplicate: 0.0001 } })
  const listener = b.stack.listen({ port: PORT })
  const connection = a.stack.connect({ address: String(b.interface.addresses[0]), port: PORT })
  const write = writer(connection)
  a.driver.onEvent = (event) => {
    if (event.type === 'connected' || event.type === 'writable') write()
  }
  let accepted: Connection | undefined
  let received = 0
  let wraps = 0
  let edge = 0
  const into = Buffer.alloc(262_144)
  b.driver.onEvent = () => {
    accepted ??= listener.accept()
    while (accepted !== undefined && accepted.readable > 0) {
      const length = accepted.receive(into)
      const at = received % PERIOD
      assert.equal(into.compare(STREAM, at, at + length, 0, length), 0, `octets from ${received} on`)
      received += length
      if (accepted.tcb.rcv.nxt < edge) wraps++
      edge = accepted.tcb.rcv.nxt
    }
    if (accepted?.ended === true) accepted.close()
  }
  a.driver.touch()
  while (connection.state !== 'TIME-WAIT') assert.ok(network.clock.step(), `${received} octets came`)
  assert.equal(received, SIZE)
  assert.ok(wraps >= 2)
})
