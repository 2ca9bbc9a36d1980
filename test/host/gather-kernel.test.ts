import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { openTun } from '../../src/host/tun.ts'
import { createNet } from '../../src/net/net.ts'
import { Chance } from '../../src/sim/chance.ts'
import type { Payload } from '../../src/wire/payload.ts'
import { kernelTest } from '../support/namespace.ts'

const SIZE = 20_000_000

for (const { family, cidr, stack } of [
  { family: 4, cidr: '10.77.0.1/24', stack: '10.77.0.2' },
  { family: 6, cidr: 'fd77::1/64', stack: 'fd77::2' },
]) {
  for (const sendBuffer of [5000, 70_000, 300_000]) {
    const name = `20 MB through rings of up to ${sendBuffer} octets arrive at the kernel as they were, IPv${family}`
    kernelTest(import.meta.url, name, async (t) => {
      const link = await openTun({ addresses: [cidr], offload: true })
      if (!link.offload.checksum) return t.skip(`no offload: ${link.offloadRefusal}`)
      let gathered = 0
      const sendGathered = link.sendGathered.bind(link)
      link.sendGathered = (octets, start, end, payload: Payload, offload) => {
        gathered += payload.length
        return sendGathered(octets, start, end, payload, offload)
      }
      const net = createNet({ link, address: `${stack}/${family === 4 ? 24 : 64}`, tcp: { sendBuffer } })
      const octets = Buffer.from(new Chance(sendBuffer).bytes(SIZE))
      const server = net.createServer((socket) => {
        // Pieces of all lengths.
        const lengths = new Chance(family)
        let at = 0
        const more = (): void => {
          while (at < SIZE) {
            const end = at + 1 + lengths.below(100_000)
            const room = socket.write(octets.subarray(at, end))
            at = end
            if (!room) return
          }
          socket.off('drain', more)
          socket.end()
        }
        socket.on('drain', more)
        more()
      })
      server.listen(80)
      await once(server, 'listening')
      const client = connect({ host: stack, port: 80 })
      const hash = createHash('sha256')
      let received = 0
      for await (const chunk of client) {
        hash.update(chunk as Buffer)
        received += (chunk as Buffer).length
        if (received % 7 === 0) await setImmediate()
      }
      assert.equal(received, SIZE)
      assert.equal(hash.digest('hex'), createHash('sha256').update(octets).digest('hex'))
      assert.ok(gathered > SIZE / 2, `${gathered} octets were gathered`)
      assert.equal(link.counters.refused, 0)
      server.close()
      net.close()
    })
  }
}
