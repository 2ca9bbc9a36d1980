import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { TestContext } from 'node:test'
import { openTun } from '../../src/host/tun.ts'
import { createNet, type Net } from '../../src/net/net.ts'
import { macText } from '../../src/wire/mac.ts'
import { FAMILIES, happens, KERNEL, readAll, STACK } from '../kernel/harness.ts'
import { kernelTest } from '../support/namespace.ts'

const MAC = '02:00:00:00:00:02'

/** A stack on a TAP device: Ethernet, with the kernel as the neighbour. */
async function onTap(t: TestContext): Promise<{ net: Net; name: string }> {
  const link = await openTun({ addresses: [`${KERNEL[4]}/24`, `${KERNEL[6]}/64`], medium: 'ethernet' })
  const net = createNet({ link, addresses: [`${STACK[4]}/24`, `${STACK[6]}/64`], mac: MAC })
  t.after(() => net.close())
  return { net, name: link.name }
}

for (const family of FAMILIES) {
  kernelTest(
    import.meta.url,
    `Ethernet, IPv${family}: the stack finds the kernel, and the kernel the stack`,
    async (t) => {
      const { net, name } = await onTap(t)
      const { rtt } = await net.ping(KERNEL[family], { size: 4000, timeout: 5000 })

      assert.ok(rtt >= 0)
      const { neighbours } = net.stack.interfaces[0]!.ethernet!
      const kernel = [...neighbours.all].find(({ address }) => `${address}` === KERNEL[family])
      assert.equal(macText(kernel!.mac!), networkInterfaces()[name]![0]!.mac)

      const server = net.createServer((socket) => socket.pipe(socket)).listen(7)
      await happens(server, 'listening')
      const socket = connect(7, STACK[family])
      t.after(() => socket.destroy())
      socket.end('hello'.repeat(10_000))
      assert.equal((await readAll(socket)).length, 50_000)
    },
  )

  kernelTest(import.meta.url, `Ethernet, IPv${family}: the kernel asks first, and hears`, async (t) => {
    const { net } = await onTap(t)
    const echo = net.dgram.createSocket(`udp${family}`, (message, from) => echo.send(message, from.port, from.address))
    echo.bind(7)
    const socket = createSocket(`udp${family}`)
    t.after(() => socket.close())
    socket.send('hello', 7, STACK[family])
    assert.equal(String(await happens<Buffer>(socket, 'message')), 'hello')
    assert.equal(net.stack.counters.drops['neighbour-ignored'] ?? 0, 0)
  })

  kernelTest(import.meta.url, `Ethernet, IPv${family}: nobody is at an address: EHOSTUNREACH`, async (t) => {
    const { net } = await onTap(t)
    const nobody = KERNEL[family].replace(/1$/, '9')
    await assert.rejects(net.ping(nobody, { timeout: 10_000 }), { code: 'EHOSTUNREACH' })
  })
}
