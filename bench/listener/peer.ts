/**
 * A program at the kernel's end of the link, in the namespace of the stack:
 *
 *     peer.ts flood ADDRESS MS PORT RATE  SYNs, so many a second; 0: as fast as it can
 *     peer.ts connect ADDRESS MS PORT     connections, 64 at once; prints how many a second
 *     peer.ts honest ADDRESS MS PORT N    a connection each 5 ms, in N rounds; prints how many there were, and how long those took that got in, ms
 */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { IpAddress } from '../../src/wire/address.ts'
import { connectFor, RawSocket } from './kernel.ts'
import { SYN_LENGTH, spoofedSyns } from './spoofed.ts'

export interface Clients {
  clients: number
  took: number[]
}

const [mode, address, time, port, last] = process.argv.slice(2)
const ms = Number(time)

if (mode === 'flood') flood()
else if (mode === 'connect') console.log(JSON.stringify((1000 * connectFor(address!, Number(port), 64, ms)) / ms))
else console.log(JSON.stringify(await honest()))

function flood(): void {
  const syns = spoofedSyns(50_000, IpAddress.parse(address!)!.d)
  const socket = new RawSocket(address!)
  const packets = Array.from({ length: 50_000 }, (_, i) => syns.subarray(i * SYN_LENGTH, (i + 1) * SYN_LENGTH))
  console.log('ready')
  const rate = Number(last) === 0 ? Number.POSITIVE_INFINITY : Number(last)
  const began = performance.now()
  let sent = 0
  for (let round = 1; ; round = (round + 1) % 16) {
    for (const packet of packets) {
      if (sent % 50 === 0 && pace(began, sent, rate) >= ms) return
      socket.send(packet)
      become(packet, round)
      sent++
    }
  }
}

/** Waits until the next is due; returns the ms that have passed. */
function pace(began: number, sent: number, rate: number): number {
  for (;;) {
    const passed = performance.now() - began
    if (passed >= (1000 * sent) / rate || passed >= ms) return passed
  }
}

/** Another client's SYN with the same checksum: what the source's second octet gains, the window loses. */
function become(packet: Uint8Array, round: number): void {
  packet[13] = (packet[13]! & 15) | (round << 4)
  packet[35] = 255 - (round << 4)
}

async function honest(): Promise<Clients[]> {
  const all: Clients[] = []
  for (let round = 0; round < Number(last); round++) {
    const clients: Clients = { clients: 0, took: [] }
    all.push(clients)
    for (const end = performance.now() + ms; performance.now() < end; await sleep(5)) enter(clients)
  }
  // What got lost goes out again after 1 and 3 s.
  await sleep(4000)
  return all
}

function enter(clients: Clients): void {
  clients.clients++
  const began = performance.now()
  const socket = connect(Number(port), address!)
  socket.once('connect', () => {
    clients.took.push(performance.now() - began)
    socket.resetAndDestroy()
  })
  socket.once('error', () => {})
}
