/** Several frames by one system call, against the kernel of this machine. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { RealTime } from '../../src/host/real-time.ts'
import { openTun, type TunLink } from '../../src/host/tun.ts'
import { Offload } from '../../src/wire/offload.ts'
import { Recorder, range } from '../link/recorder.ts'
import { kernelTest } from '../support/namespace.ts'
import { describe, udpPacket } from './packets.ts'

const HOST = '10.77.0.1'
const STACK = { address: '10.77.0.2', port: 53 }

async function open(t: TestContext, offload = false): Promise<TunLink | undefined> {
  const link = await openTun({ addresses: [`${HOST}/24`], offload })
  if (link.ringRefusal === undefined) return link
  link.close()
  t.skip(link.ringRefusal)
  return undefined
}

/** Of `ids`, one frame each, for a port of the kernel's. */
function framesFor(link: TunLink, port: number, ids: readonly number[]) {
  const packets = ids.map((id) => udpPacket(STACK, { address: HOST, port }, `datagram ${id}`, link.headroom))
  const octets = new Uint8Array(packets.reduce((sum, packet) => sum + packet.length, 0))
  const starts = new Int32Array(packets.length)
  const ends = new Int32Array(packets.length)
  let at = 0
  for (const [i, packet] of packets.entries()) {
    octets.set(packet, at)
    starts[i] = at + link.headroom
    at += packet.length
    ends[i] = at
  }
  return { octets, starts, ends, offloads: packets.map(() => new Offload()) }
}

function sendAll(link: TunLink, port: number, ids: readonly number[]): void {
  const frames = framesFor(link, port, ids)
  const { octets, starts, ends, offloads } = frames
  for (let first = 0; first < ids.length; ) {
    const taken = link.sendTogether(frames, first, ids.length)
    if (taken > 0) first += taken
    else equal(link.send(octets, starts[first]!, ends[first]!, offloads[first++]!), true)
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 })
  socket.bind(0, HOST)
  await once(socket, 'listening')
  return socket
}

for (const offload of [false, true]) {
  const how = offload ? 'with offloads' : 'without offloads'
  kernelTest(import.meta.url, `frames that are sent together arrive in their order, ${how}`, async (t) => {
    const link = await open(t, offload)
    if (link === undefined) return
    new Recorder(link, new RealTime())
    const socket = await bound()
    const texts: string[] = []
    const all = new Promise<void>((resolve) => {
      socket.on('message', (text) => {
        if (texts.push(String(text)) === 150) resolve()
      })
    })
    sendAll(link, socket.address().port, range(150))
    await all
    deepEqual(
      texts,
      range(150).map((id) => `datagram ${id}`),
    )
    deepEqual([link.counters.sent, link.counters.refused], [150, 0])
    socket.close()
    link.close()
  })
}

kernelTest(import.meta.url, 'frames that are read together come in their order, each once', async (t) => {
  const link = await open(t)
  if (link === undefined) return
  const recorder = new Recorder(link, new RealTime())
  const socket = await bound()
  const wanted: string[] = []
  for (const count of [100, 200, 60, 3, 150, 20, 100]) {
    for (const id of range(count)) {
      const text = `${wanted.length} ${id}`
      wanted.push(`udp ${HOST} > ${STACK.address}.${STACK.port} ${text}`)
      socket.send(text, STACK.port, STACK.address)
    }
    const arrived = (): number => recorder.arrivals.filter(({ octets }) => describe(octets)?.startsWith('udp')).length
    while (arrived() < wanted.length) await new Promise<void>((resolve) => (recorder.onDrained = resolve))
  }
  const got = recorder.arrivals.map(({ octets }) => describe(octets)).filter((text) => text!.startsWith('udp'))
  deepEqual(got, wanted)
  socket.close()
  link.close()
})

kernelTest(import.meta.url, 'nothing is taken while the interface is down, and that is counted', async (t) => {
  const link = await open(t)
  if (link === undefined) return
  new Recorder(link, new RealTime())
  equal(spawnSync('ip', ['link', 'set', link.name, 'down']).status, 0)
  sendAll(link, 9, range(10))
  deepEqual([link.counters.sent, link.counters.refused], [0, 10])
  link.close()
})

kernelTest(import.meta.url, 'a device that is removed ends the link once', async (t) => {
  const link = await open(t)
  if (link === undefined) return
  const recorder = new Recorder(link, new RealTime())
  const closed = new Promise((resolve) => (recorder.closed = resolve))
  spawnSync('ip', ['link', 'del', link.name])
  sendAll(link, 9, range(10))
  const error = (await closed) as Error
  match(error.message, /somebody has removed it/)
  equal(link.counters.refused, 10)
})

kernelTest(import.meta.url, 'rings are given back with their link', async (t) => {
  const rings = (): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).includes('io_uring')
      } catch {
        return false
      }
    }).length
  const mappings = (): number => readFileSync('/proc/self/maps', 'utf8').match(/io_uring/g)?.length ?? 0
  const before = [rings(), mappings()] as const
  for (const round of range(50)) {
    const link = await open(t)
    if (link === undefined) return
    if (round === 0) ok(rings() > before[0])
    new Recorder(link, new RealTime())
    sendAll(link, 9, range(70))
    equal(link.counters.sent, 70)
    link.close()
  }
  deepEqual([rings(), mappings()], before)
})

kernelTest(import.meta.url, 'without io_uring, when it is not wanted', async () => {
  const link = await openTun({ addresses: [`${HOST}/24`], offload: false, ioUring: false })
  new Recorder(link, new RealTime())
  equal(link.ringRefusal, undefined)
  sendAll(link, 9, range(10))
  equal(link.counters.sent, 10)
  link.close()
})
