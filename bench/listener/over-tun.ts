/** A program in a network namespace of its own: the stack, or the kernel's listener, behind a TUN device. Prints figures as JSON. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Driver } from '../../src/host/driver.ts'
import { setLoopbackUp } from '../../src/host/network-interface.ts'
import { RealTime } from '../../src/host/real-time.ts'
import { openTun, type TunLink } from '../../src/host/tun.ts'
import { Stack } from '../../src/stack/stack.ts'
import { admitByCookie } from '../../src/tcp/admission.ts'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { Offload } from '../../src/wire/offload.ts'
import { cpuSeconds } from './cpu.ts'
import { KernelListener } from './kernel.ts'
import type { Clients } from './peer.ts'
import { SYN_LENGTH, spoofedSyns } from './spoofed.ts'

const KERNEL = '10.0.0.1'
const STACK = '10.0.0.2'
const PORT = 80
const PEER = fileURLToPath(new URL('peer.ts', import.meta.url))

const [rounds, window] = process.argv.slice(2).map(Number) as [number, number]

export interface OverTun {
  /** SYN,ACKs a second of CPU that the stack sends, cookies and entries; that the kernel's listener sends, likewise. */
  readonly cookies: number[]
  readonly stored: number[]
  readonly kernelCookies: number[]
  readonly kernelStored: number[]
  /** Handshakes a second with kernel clients, 64 at once: of the stack, and of a kernel listener over the loopback. */
  readonly handshakes: number[]
  readonly kernelHandshakes: number[]
  /** The 99th percentile of the time that a client's connect takes without a flood, ms. */
  readonly calmP99: number[]
  /** Under a flood of FLOOD SYNs a second, and under one past what can be answered. */
  readonly flooded: Flooded
  readonly overrun: Flooded
}

export interface Flooded {
  /** Of the clients, per cent that got in, and the 99th percentile of the time it took, ms. */
  readonly served: number[]
  readonly p99: number[]
  /** Octets by which the process has grown. */
  readonly grown: number[]
  /** Of all frames to the stack, per cent that found the device's queue full. */
  readonly lost: number[]
}

/** SYNs a second. */
export const FLOOD = 200_000

function setting(path: string, value: number): void {
  writeFileSync(`/proc/sys/net/${path}`, String(value))
}

function startPeer(mode: string, address: string, ms: number, last: number): ChildProcess {
  const args = ['--import', 'tsx', PEER, mode, address, String(ms), String(PORT), String(last)]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function firstLine(peer: ChildProcess): Promise<string> {
  const [line] = (await once(createInterface({ input: peer.stdout! }), 'line')) as [string]
  return line
}

async function ended(peer: ChildProcess): Promise<void> {
  if (peer.exitCode === null) await once(peer, 'exit')
}

/** The stack, listening, for as long as `work` takes. */
async function withStack<T>(options: Partial<ListenOptions>, work: (stack: Stack) => Promise<T>): Promise<T> {
  const tun = await openTun({ addresses: [`${KERNEL}/24`], offload: false })
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i)
  const stack = new Stack({ addresses: [`${STACK}/24`], secret, tcp: { maxTimeWait: 1000 } })
  const listener = stack.listen({ port: PORT, ...options })
  const driver = new Driver(stack, tun, new RealTime())
  driver.onEvent = (event) => {
    if (event.type !== 'acceptable') return
    while (listener.accept() !== undefined);
  }
  try {
    return await work(stack)
  } finally {
    driver.close()
  }
}

/** SYN,ACKs a second of the stack's CPU, while SYNs come as fast as another process can send them. */
function floodedRate(options: Partial<ListenOptions>): Promise<number[]> {
  return withStack(options, async (stack) => {
    const peer = startPeer('flood', STACK, (rounds + 2) * window, 0)
    await firstLine(peer)
    await sleep(window)
    const rates: number[] = []
    for (let round = 0; round < rounds; round++) {
      const before = stack.counters.transmitted
      const took = await cpuSeconds(() => sleep(window))
      rates.push((stack.counters.transmitted - before) / took)
    }
    await ended(peer)
    return rates
  })
}

/** SYN,ACKs a second of CPU of the kernel's listener, as fast as it is given SYNs: it answers within the call that brings one. */
async function kernelRate(syncookies: 0 | 2): Promise<number[]> {
  setting('ipv4/tcp_syncookies', syncookies)
  setting('ipv4/tcp_max_syn_backlog', 4_000_000)
  setting('core/somaxconn', 2_000_000)
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) {
    const tun = await openTun({ addresses: [`${KERNEL}/24`, '20.255.255.254/8'], txQueueLength: 4096, offload: false })
    const listener = new KernelListener(KERNEL, PORT, 1_000_000)
    rates.push(await feed(tun, Math.ceil(100 * window)))
    listener.close()
    tun.close()
  }
  return rates
}

async function feed(tun: TunLink, count: number): Promise<number> {
  const syns = spoofedSyns(count, IpAddress.parse(KERNEL)!.d)
  const offload = new Offload()
  const frame = new Uint8Array(tun.headroom + SYN_LENGTH)
  let answers = 0
  tun.attach({
    frame: (octets, start) => {
      // TCP's flags: its own octets 13.
      if (octets[start + 33] === 0x12) answers++
    },
    drained: () => {},
    writable: () => {},
    closed: () => {},
  })
  let took = 0
  for (let sent = 0; sent < count; ) {
    took += await cpuSeconds(() => {
      for (const end = Math.min(count, sent + 2000); sent < end; sent++) {
        frame.set(syns.subarray(sent * SYN_LENGTH, (sent + 1) * SYN_LENGTH), tun.headroom)
        tun.send(frame, tun.headroom, frame.length, offload)
      }
    })
    for (let seen = -1; seen < answers; await sleep(2)) seen = answers
  }
  return answers / took
}

async function handshakes(): Promise<number[]> {
  return withStack({ backlog: 1024 }, async () => {
    const rates: number[] = []
    for (let round = 0; round < rounds; round++) rates.push(await connectRate(STACK))
    return rates
  })
}

async function kernelHandshakes(): Promise<number[]> {
  setting('ipv4/tcp_syncookies', 1)
  const listener = new KernelListener('127.0.0.1', PORT, 1024)
  let open = true
  const serve = (): void => {
    listener.acceptAll()
    if (open) setImmediate(serve)
  }
  serve()
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) rates.push(await connectRate('127.0.0.1'))
  open = false
  listener.close()
  return rates
}

async function connectRate(address: string): Promise<number> {
  const peer = startPeer('connect', address, 2 * window, 0)
  const rate = Number(await firstLine(peer))
  await ended(peer)
  return rate
}

/** Each round's clients: the share that got in, and the 99th percentile. */
async function honest(): Promise<{ served: number[]; p99: number[] }> {
  const served: number[] = []
  const p99: number[] = []
  for (const { clients, took } of JSON.parse(
    await firstLine(startPeer('honest', STACK, window, rounds)),
  ) as Clients[]) {
    took.sort((x, y) => x - y)
    served.push((100 * took.length) / clients)
    p99.push(took[Math.ceil(0.99 * took.length) - 1] ?? Number.NaN)
  }
  return { served, p99 }
}

/** Clients in peace, during a flood that can be answered, and during one that can't. */
function flooded(): Promise<Pick<OverTun, 'calmP99' | 'flooded' | 'overrun'>> {
  return withStack({}, async () => {
    const calm = await honest()
    return { calmP99: calm.p99, flooded: await duringFlood(FLOOD), overrun: await duringFlood(0) }
  })
}

async function duringFlood(rate: number): Promise<Flooded> {
  const peer = startPeer('flood', STACK, 60_000, rate)
  await firstLine(peer)
  const before = process.memoryUsage().rss
  const [queued, lost] = deviceCounters()
  const { served, p99 } = await honest()
  const [queuedNow, lostNow] = deviceCounters()
  const grown = process.memoryUsage().rss - before
  peer.kill()
  await ended(peer)
  const all = queuedNow - queued + lostNow - lost
  return { served, p99, grown: [grown], lost: [(100 * (lostNow - lost)) / all] }
}

/** Frames that the kernel has put into the device's queue, and those for which there was no room. */
function deviceCounters(): [queued: number, lost: number] {
  const line = readFileSync('/proc/net/dev', 'utf8').match(/estab\d+:.*/)![0]
  const fields = line.split(/[\s:]+/).map(Number)
  return [fields[10]!, fields[12]!]
}

await setLoopbackUp()
setting('ipv4/tcp_tw_reuse', 1)
const figures: OverTun = {
  cookies: await floodedRate({ admission: admitByCookie }),
  stored: await floodedRate({ backlog: 4_000_000 }),
  handshakes: await handshakes(),
  ...(await flooded()),
  kernelHandshakes: await kernelHandshakes(),
  kernelCookies: await kernelRate(2),
  kernelStored: await kernelRate(0),
}
console.log(JSON.stringify(figures))
