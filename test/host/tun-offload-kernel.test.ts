import { deepEqual, equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { RealTime } from '../../src/host/real-time.ts'
import { openTun } from '../../src/host/tun.ts'
import { Chance } from '../../src/sim/chance.ts'
import { Offload } from '../../src/wire/offload.ts'
import { ACK, PSH, type Segment, SYN } from '../../src/wire/segment.ts'
import { Recorder } from '../link/recorder.ts'
import { kernelTest } from '../support/namespace.ts'
import { type Fields, segmentIn, tcpPacket } from './hand-made-tcp.ts'

const LARGE = 60_000

for (const { family, cidr, host, stack } of [
  { family: 4, cidr: '10.77.0.1/24', host: '10.77.0.1', stack: '10.77.0.2' },
  { family: 6, cidr: 'fd77::1/64', host: 'fd77::1', stack: 'fd77::2' },
]) {
  kernelTest(import.meta.url, `segments of 60,000 octets go both ways over IPv${family}`, async () => {
    const link = await openTun({ addresses: [cidr], offload: true })
    const recorder = new Recorder(link, new RealTime())
    const server = createServer().listen(0, host)
    await once(server, 'listening')
    const kernel = { address: host, port: (server.address() as AddressInfo).port }
    const offload = new Offload()
    offload.checksumPartial = true
    const send = (fields: Fields): void => {
      const packet = tcpPacket({ address: stack, port: 4000 }, kernel, fields, link.headroom)
      offload.segmentSize = (fields.payload?.length ?? 0) > 1000 ? 1000 : 0
      equal(link.send(packet, link.headroom, packet.length, offload), true)
    }

    send({ flags: SYN, seq: 99, mss: 1000 })
    const { seq: iss } = await segment(recorder, (one) => one.has(SYN))
    send({ flags: ACK, seq: 100, ack: iss + 1 })
    const [socket] = (await once(server, 'connection')) as [Socket]
    const payload = new Chance(family).bytes(LARGE)
    const received = collect(socket, LARGE)
    send({ flags: ACK | PSH, seq: 100, ack: iss + 1, payload })
    deepEqual(await received, payload)

    socket.write(payload)
    const back = new Uint8Array(LARGE)
    for (let at = 0; at < LARGE; ) {
      const next = (iss + 1 + at) >>> 0
      const { start, length, octets } = await segment(recorder, (one) => one.seq === next && one.length > 0)
      back.set(octets.subarray(start, start + length), at)
      at += length
      send({ flags: ACK, seq: 100 + LARGE, ack: (iss + 1 + at) >>> 0 })
    }
    deepEqual(back, payload)
    const cut = recorder.arrivals.filter(({ segmentSize }) => segmentSize > 0)
    ok(cut.length > 0, 'the kernel put segments together')
    ok(
      cut.every(
        ({ segmentSize, checksumValid, octets }) => segmentSize <= 1000 && checksumValid && octets.length > 1500,
      ),
    )
    equal(link.counters.refused, 0)
    socket.destroy()
    server.close()
    link.close()
  })
}

function segment(recorder: Recorder, isWanted: (segment: Segment) => boolean): Promise<Segment> {
  return new Promise((resolve) => {
    const look = (): void => {
      for (const { octets } of recorder.arrivals) {
        const found = segmentIn(octets)
        if (found !== undefined && isWanted(found)) resolve(found)
      }
    }
    recorder.onDrained = look
    look()
  })
}

async function collect(socket: Socket, length: number): Promise<Uint8Array> {
  const octets = new Uint8Array(length)
  let at = 0
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    octets.set(chunk, at)
    at += chunk.length
    if (at === length) break
  }
  return octets
}
