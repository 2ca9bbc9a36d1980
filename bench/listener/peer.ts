/**
 * A program at the kernel's end of the link, in the namespace of the stack:
 *
 *     peer.ts flood ADDRESS MS            SYNs as fast as it can
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

const [mode, address, time, port, rounds] = process.argv.slice(2)
const ms = Number(time)

if (mode === 'flood') flood()
else if (mode === 'connect') console.log(JSON.stringify((1000 * connectFor(address!, Number(port), 64, ms)) / ms))
else console.log(JSON.stringify(await honest()))

function flood(): void {
  const syns = spoofedSyns(50_000, IpAddress.parse(address!)!.d)
  const socket = new RawSocket(address!)
  const packets = Array.from({ length: 50_000 }, (_, i) => syns.subarray(i * SYN_LENGTH, (i + 1) * SYN_LENGTH))
  console.log('ready')
  let sent = 0
  for (const end = performance.now() + ms; performance.now() < end; ) {
    for (let i = 0; i < 100; i++) socket.send(packets[sent++ % packets.length]!)
  }
}

async function honest(): Promise<Clients[]> {
  const all: Clients[] = []
  for (let round = 0; round < Number(rounds); round++) {
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
