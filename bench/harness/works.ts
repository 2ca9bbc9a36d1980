import { hashed } from './hash.ts'
import { overLoopback, overVeth, withoutCookies } from './kernel.ts'
import type { Peer } from './peer.ts'
import { estab, gvisor, hashing, lwip, smoltcp, smoltcpOffload } from './programs.ts'
import { flood, halfOpenMemory, idle, idleMemory } from './stress.ts'
import { bulk, connections, pingpong } from './traffic.ts'
import type { Work } from './work.ts'

const ALL = [estab, overVeth, overLoopback, gvisor, smoltcp, lwip]
const FAST = [...ALL, smoltcpOffload]
/** Over the loopback there is no way to be without offloads. */
const PLAIN = [estab, overVeth, gvisor, smoltcp, lwip]
const FLOODED = [estab, overVeth, withoutCookies, gvisor, smoltcp, lwip]

/** Of the short form. */
export const FEWER: readonly Peer[] = [estab, overVeth, withoutCookies, gvisor, smoltcp, smoltcpOffload, lwip]

export const PEERS: readonly Peer[] = [
  estab,
  overVeth,
  overLoopback,
  withoutCookies,
  gvisor,
  smoltcp,
  smoltcpOffload,
  lwip,
]

export const WORKS: readonly Work[] = [
  bulk('receive', 1, true, FAST),
  bulk('send', 1, true, FAST),
  bulk('receive', 8, true, FAST),
  bulk('send', 8, true, FAST),
  bulk('receive', 1, false, PLAIN),
  bulk('send', 1, false, PLAIN),
  bulk('receive', 8, false, PLAIN),
  bulk('send', 8, false, PLAIN),
  connections(1, ALL),
  connections(64, ALL),
  pingpong('apart', ALL),
  pingpong('together', ALL),
  flood(20_000, FLOODED),
  flood(200_000, FLOODED),
  // smoltcp has a whole socket for each.
  halfOpenMemory([estab, overVeth, gvisor, lwip]),
  idleMemory(PLAIN),
  idle([estab]),
  hashed([hashing]),
]
