/** The kernel as a router whose next hop takes less than ours, and says so. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { Driver } from '../../src/host/driver.ts'
import { RealTime } from '../../src/host/real-time.ts'
import { openTun } from '../../src/host/tun.ts'
import { Chance } from '../../src/sim/chance.ts'
import { Stack } from '../../src/stack/stack.ts'
import { kernelTest } from '../support/namespace.ts'
import { FAMILIES, openHost } from './harness.ts'

const FAR = { 4: '10.78.0.2', 6: 'fd78::2' } as const
const PORT = 7000
const OCTETS = 200_000

/** A stack behind the kernel, on a link of 1300 octets of which it does not know: its MSS would let 1500 through. */
async function farStack(t: TestContext): Promise<{ received: () => number; ended: () => boolean }> {
  const tun = await openTun({ addresses: ['10.78.0.1/24', 'fd78::1/64'], mtu: 1300 })
  const secret = new Chance(7).bytes(32)
  const stack = new Stack({ addresses: [`${FAR[4]}/24`, `${FAR[6]}/64`], secret, mtu: 1500 })
  const driver = new Driver(stack, tun, new RealTime())
  t.after(() => driver.close())
  const listener = stack.listen({ port: PORT })
  let received = 0
  let ended = false
  const into = new Uint8Array(65_536)
  driver.onEvent = (event) => {
    if (event.type === 'acceptable') listener.accept()
    if (event.type !== 'readable') return
    for (let n = event.connection.receive(into); n > 0; n = event.connection.receive(into)) received += n
    ended = event.connection.ended
    driver.touch()
  }
  return { received: () => received, ended: () => ended }
}

for (const family of FAMILIES) {
  kernelTest(
    import.meta.url,
    `a router's word about its next hop makes our segments smaller, IPv${family}`,
    async (t) => {
      const host = await openHost(t)
      const far = await farStack(t)
      writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
      writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1')
      const connection = host.act(() => host.stack.connect({ address: FAR[family], port: PORT }))
      await host.until(() => connection.state === 'ESTABLISHED')
      const full = connection.tcb.snd.mss
      await host.send(connection, new Uint8Array(OCTETS))
      host.act(() => connection.close())
      await host.until(far.ended)
      assert.equal(far.received(), OCTETS)
      assert.deepEqual([full - connection.tcb.snd.mss, connection.path.mtu], [200, 1300])
      assert.equal(host.stack.counters.PathMtuReductions, 1)
      assert.equal(host.stack.counters.TCPTimeouts, 0)
    },
  )
}
