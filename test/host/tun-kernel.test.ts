import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { setLoopbackUp } from '../../src/host/network-interface.ts'
import { RealTime } from '../../src/host/real-time.ts'
import { openTun, type TunLink } from '../../src/host/tun.ts'
import { TunError } from '../../src/host/tun-error.ts'
import { sumOctets } from '../../src/wire/checksum.ts'
import { Offload } from '../../src/wire/offload.ts'
import { Recorder, range } from '../link/recorder.ts'
import { kernelTest } from '../support/namespace.ts'
import { describe, echoPacket, udpPacket } from './packets.ts'

const HOST = ['10.77.0.1/24', 'fd77::1/64']
const FAMILIES = [
  { type: 'udp4', host: '10.77.0.1', stack: '10.77.0.2' },
  { type: 'udp6', host: 'fd77::1', stack: 'fd77::2' },
] as const

const NOTHING = new Offload()

function send(link: TunLink, packet: Uint8Array, offload: Offload = NOTHING): void {
  equal(link.send(packet, link.headroom, packet.length, offload), true)
}

/** The first frame that is `described`: the kernel says things of its own, too. */
function arrival(recorder: Recorder, described: string, verify = true): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (recorder.arrivals.some(({ octets }) => describe(octets, verify) === described)) resolve()
    }
    recorder.onDrained = look
    look()
  })
}

async function bound(type: 'udp4' | 'udp6', address: string): Promise<Socket> {
  const socket = createSocket(type)
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket
}

kernelTest(import.meta.url, 'what the kernel sends arrives as a frame, and our answer at its socket', async () => {
  const link = await openTun({ addresses: HOST, offload: false })
  const recorder = new Recorder(link, new RealTime())
  for (const { type, host, stack } of FAMILIES) {
    const socket = await bound(type, host)
    socket.send('question', 53, stack)
    await arrival(recorder, `udp ${host} > ${stack}.53 question`)
    const from = { address: stack, port: 53 }
    send(link, udpPacket(from, { address: host, port: socket.address().port }, 'answer', link.headroom))
    const [text, remote] = await once(socket, 'message')
    equal(String(text), 'answer')
    deepEqual([remote.address, remote.port], [stack, 53])
    socket.close()
  }
  ok(recorder.drains > 0)
  link.close()
})

kernelTest(import.meta.url, 'the kernel answers an echo request of ours', async () => {
  const link = await openTun({ addresses: HOST })
  const recorder = new Recorder(link, new RealTime())
  for (const { host, stack } of FAMILIES) {
    send(link, echoPacket(stack, host, 'are you there?', link.headroom))
    await arrival(recorder, `echo reply ${host} > ${stack} are you there?`)
  }
  link.close()
})

kernelTest(import.meta.url, 'by default the kernel leaves checksums to us, and completes ours', async () => {
  const link = await openTun({ addresses: HOST })
  deepEqual(link.offload, { checksum: true, segmentation: 65_535 })
  equal(link.offloadRefusal, undefined)
  const recorder = new Recorder(link, new RealTime())
  for (const { type, host, stack } of FAMILIES) {
    const socket = await bound(type, host)
    socket.send('question', 53, stack)
    await arrival(recorder, `udp ${host} > ${stack}.53 question`, false)
    equal(recorder.arrivals.at(-1)!.checksumValid, true)
    const from = { address: stack, port: 53 }
    const packet = udpPacket(from, { address: host, port: socket.address().port }, 'answer', link.headroom)
    const offload = new Offload()
    offload.checksumPartial = true
    send(link, withPseudoHeaderSum(packet, link.headroom), offload)
    const [text] = await once(socket, 'message')
    equal(String(text), 'answer')
    socket.close()
  }
  equal(link.counters.refused, 0)
  link.close()
})

/** Puts in place of the UDP checksum what a device that completes it starts from. */
function withPseudoHeaderSum(packet: Uint8Array, start: number): Uint8Array {
  const isIpv4 = packet[start]! >>> 4 === 4
  const udp = start + (isIpv4 ? 20 : 40)
  const addresses = isIpv4 ? sumOctets(packet, start + 12, udp) : sumOctets(packet, start + 8, udp)
  let sum = addresses + 17 + (packet.length - udp)
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  packet[udp + 6] = sum >>> 8
  packet[udp + 7] = sum
  return packet
}

kernelTest(import.meta.url, 'the interface is as it was asked for, and gone when the link is closed', async () => {
  const addresses = ['10.77.0.1/24', '10.78.0.1/16', 'fd77::1/64', 'fd78::1/48']
  const link = await openTun({ name: 'test%d', mtu: 9000, addresses })
  equal(link.name, 'test0')
  equal(link.mtu, 9000)
  ok(link.index > 0)
  const given = [...networkInterfaces().test0!, ...networkInterfaces()['test0:1']!]
  deepEqual(given.map(({ cidr }) => cidr).sort(), addresses)
  match(readFileSync('/proc/net/dev', 'utf8'), /test0:/)
  const recorder = new Recorder(link, new RealTime())
  link.close()
  link.close()
  equal(recorder.closings, 1)
  equal(recorder.error, undefined)
  equal(readFileSync('/proc/net/dev', 'utf8').includes('test0:'), false)
  send(link, new Uint8Array(60))
})

kernelTest(import.meta.url, 'as many frames as were asked for wait in the kernel', async () => {
  const link = await openTun({ addresses: HOST, offload: false, txQueueLength: 1500 })
  const socket = await bound('udp4', '10.77.0.1')
  const sending = range(1600).map((i) => new Promise((sent) => socket.send(`${i}`, 1, '10.77.0.2', sent)))
  await Promise.all(sending)
  const recorder = new Recorder(link, new RealTime())
  await arrival(recorder, 'udp 10.77.0.1 > 10.77.0.2.1 1499')
  equal(recorder.arrivals.length >= 1500, true)
  socket.close()
  link.close()
})

kernelTest(import.meta.url, 'without addresses the interface is left as it is', async () => {
  const link = await openTun({ name: 'bare' })
  equal(link.mtu, 1500)
  equal(networkInterfaces().bare, undefined)
  send(link, udpPacket({ address: '10.0.0.1', port: 1 }, { address: '10.0.0.2', port: 1 }, '', link.headroom))
  equal(link.counters.refused, 1)
  link.close()
})

kernelTest(
  import.meta.url,
  'a device that was prepared for offloads is used without, and with them afterwards',
  async (t) => {
    if (spawnSync('ip', ['tuntap', 'add', 'dev', 'ready', 'mode', 'tun', 'vnet_hdr']).status !== 0) {
      t.skip('there is no ip command that makes TUN devices')
      return
    }
    const [{ type, host, stack }] = FAMILIES
    for (const offload of [false, true, false]) {
      const link = await openTun({ name: 'ready', addresses: [`${host}/24`], offload })
      equal(link.headroom, offload ? 10 : 0)
      const recorder = new Recorder(link, new RealTime())
      const socket = await bound(type, host)
      socket.send('question', 53, stack)
      await arrival(recorder, `udp ${host} > ${stack}.53 question`, !offload)
      const to = { address: host, port: socket.address().port }
      send(link, udpPacket({ address: stack, port: 53 }, to, 'answer', link.headroom))
      equal(String((await once(socket, 'message'))[0]), 'answer')
      socket.close()
      link.close()
    }
  },
)

kernelTest(
  import.meta.url,
  'a device with several queues is opened several times, and its MTU can be 65,535',
  async () => {
    const options = { name: 'wide', addresses: ['10.77.0.1/24'], mtu: 65_535, multiQueue: true }
    const first = await openTun(options)
    const second = await openTun({ name: 'wide', multiQueue: true })
    deepEqual([first.mtu, second.mtu, second.index], [65_535, 65_535, first.index])
    await rejects(openTun({ name: 'wide' }), failure('EBUSY', /wide is .*no TUN device of one queue/))
    first.close()
    second.close()
  },
)

kernelTest(import.meta.url, 'a frame that the kernel does not take is counted', async () => {
  const link = await openTun({ addresses: [] })
  const packet = new Uint8Array(link.headroom + 40)
  packet[link.headroom] = 0x95
  send(link, packet)
  deepEqual(link.counters, { received: 0, sent: 0, refused: 1 })
  link.close()
})

kernelTest(import.meta.url, 'a name that is in use is refused with EBUSY', async () => {
  const link = await openTun({ name: 'mine', addresses: [] })
  await rejects(openTun({ name: 'mine', addresses: [] }), failure('EBUSY', /mine is in use by another process/))
  await rejects(openTun({ name: 'lo' }), failure('EBUSY', /lo is a network device already, and no TUN device/))
  link.close()
})

kernelTest(import.meta.url, 'an address that another interface has is refused with EADDRINUSE', async () => {
  await setLoopbackUp()
  const link = await openTun({ name: 'first', addresses: ['fd77::1/64'] })
  const second = openTun({ addresses: ['10.0.0.1/8', 'fd77:0::1/48'] })
  await rejects(second, failure('EADDRINUSE', /fd77::1 is an address of first already/))
  await rejects(openTun({ addresses: ['127.0.0.1/8'] }), failure('EADDRINUSE', /of lo already/))
  const twice = openTun({ addresses: ['fd79::1/64', 'fd79::1/64'] })
  await rejects(twice, failure('EEXIST', /given twice/))
  link.close()
})

kernelTest(import.meta.url, 'no descriptor is left open, whether it works or fails', async () => {
  const open = (): number => readdirSync('/proc/self/fd').length
  await (await openTun({ addresses: HOST })).close()
  const before = open()
  for (let i = 0; i < 5; i++) {
    const link = await openTun({ addresses: HOST })
    new Recorder(link, new RealTime())
    link.close()
    await rejects(openTun({ name: 'lo' }), TunError)
    await rejects(openTun({ addresses: ['fd79::1/64', 'fd79::1/64'] }), TunError)
    await setLoopbackUp()
  }
  equal(open(), before)
})

kernelTest(import.meta.url, 'when somebody removes the device, the link is closed with the reason', async (t) => {
  const link = await openTun({ name: 'doomed', addresses: [] })
  const recorder = new Recorder(link, new RealTime())
  const gone = new Promise<Error | undefined>((resolve) => {
    recorder.closed = resolve
  })
  const { error } = spawnSync('ip', ['link', 'delete', 'doomed'])
  if (error !== undefined) {
    link.close()
    t.skip(`the program ip cannot be run: ${error.message}`)
    return
  }
  failure('ENODEV', /doomed is gone/)(await gone)
})

kernelTest(
  import.meta.url,
  'what a receiver throws is an uncaught exception, after which the link goes on',
  async () => {
    const link = await openTun({ addresses: HOST, offload: false })
    const recorder = new Recorder(link, new RealTime())
    const keep = recorder.frame.bind(recorder)
    recorder.frame = (octets, start, end, offload) => {
      keep(octets, start, end, offload)
      if (describe(octets.slice(start, end))?.endsWith('bad')) throw new Error('mine')
    }
    const uncaught = new Promise<Error>((resolve) => {
      process.removeAllListeners('uncaughtException')
      process.once('uncaughtException', resolve)
    })
    const socket = await bound('udp4', '10.77.0.1')
    socket.send('bad', 1, '10.77.0.2')
    equal((await uncaught).message, 'mine')
    socket.send('good', 1, '10.77.0.2')
    await arrival(recorder, 'udp 10.77.0.1 > 10.77.0.2.1 good')
    equal(recorder.arrivals.length, 2)
    socket.close()
    link.close()
  },
)

function failure(code: string, message: RegExp): (error: unknown) => true {
  return (error) => {
    ok(error instanceof TunError)
    equal(error.code, code)
    match(error.message, message)
    return true
  }
}
