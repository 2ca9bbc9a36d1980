import type { IpAddress } from '../wire/address.ts'
import { ABSENT, ACK, ECE, RST, Segment, SYN } from '../wire/segment.ts'
import { becomeEstablished, learnOptions } from './arrives/established.ts'
import { Connection } from './connection.ts'
import type { ConnectionHost } from './connection-host.ts'
import { agreesToEcn } from './ecn.ts'
import { type HalfOpen, NO_SCALE } from './half-open.ts'
import type { Listener } from './listener.ts'
import { offeredMss } from './options.ts'
import { ownAddress } from './own-address.ts'
import { seqAdd } from './seq.ts'

/** The client's SYN once more, as far as a half-open connection remembers it: options are learnt from it as from any SYN. */
const syn: Segment = new Segment()

/** What this module needs of an endpoint. */
export interface PassiveOpenHost extends ConnectionHost {
  /** The window of a SYN,ACK, octets. */
  readonly initialWindow: number
  tupleHash(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): number
}

/** <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>, with each option that the client offered too; `out` has addresses of its own. */
export function fillSynAck(host: PassiveOpenHost, halfOpen: HalfOpen, tsVal: number, out: Segment): void {
  const { config } = host
  out.clear()
  out.destination.copy(halfOpen.remote)
  out.source.copy(halfOpen.local)
  out.destinationPort = halfOpen.remotePort
  out.sourcePort = halfOpen.localPort
  out.flags = SYN | ACK | (agreesToEcn(config, halfOpen) ? ECE : 0)
  out.seq = halfOpen.iss
  out.ack = seqAdd(halfOpen.irs, 1)
  out.wnd = host.initialWindow
  out.mss = offeredMss(host.mtu, out.destination)
  if (config.windowScale && halfOpen.scale !== NO_SCALE) out.windowScale = host.receiveScale
  out.sackPermitted = config.sack && halfOpen.sack
  if (config.timestamps && halfOpen.timestamps) {
    out.timestamps = true
    out.tsVal = tsVal
    out.tsEcr = halfOpen.tsRecent
  }
}

/** <SEQ=0><ACK=RCV.NXT><CTL=RST,ACK>, in place of a SYN,ACK. */
export function fillRefusal(host: PassiveOpenHost, halfOpen: HalfOpen, out: Segment): void {
  fillSynAck(host, halfOpen, 0, out)
  out.clearOptions()
  out.flags = RST | ACK
  out.seq = 0
  out.wnd = 0
}

/**
 * A connection in SYN-RECEIVED that goes on where the half-open one stands (RFC 9293 §3.10.7.2, third). `tsVal` is the
 * last that the client has seen of our timestamps: they go on from there.
 */
export function connectionOf(host: PassiveOpenHost, listener: Listener, halfOpen: HalfOpen, tsVal: number): Connection {
  const local = ownAddress(halfOpen.local)
  const remote = halfOpen.remote.clone()
  const { localPort, remotePort } = halfOpen
  const hash = host.tupleHash(local, localPort, remote, remotePort)
  const connection = new Connection(host, local, localPort, remote, remotePort, hash, listener)
  const { tcb } = connection
  tcb.iss = halfOpen.iss
  tcb.irs = halfOpen.irs
  tcb.snd.una = tcb.iss
  tcb.snd.nxt = seqAdd(tcb.iss, 1)
  tcb.rcv.nxt = seqAdd(tcb.irs, 1)
  tcb.rcv.edge = seqAdd(tcb.rcv.nxt, host.initialWindow)
  tcb.lastAckSent = tcb.rcv.nxt
  tcb.tsOffset = (tsVal - Math.floor(host.now)) >>> 0
  syn.source = remote
  syn.mss = halfOpen.mss === 0 ? ABSENT : halfOpen.mss
  syn.windowScale = halfOpen.scale === NO_SCALE ? ABSENT : halfOpen.scale
  syn.sackPermitted = halfOpen.sack
  syn.timestamps = halfOpen.timestamps
  syn.tsVal = halfOpen.tsRecent
  learnOptions(connection, syn)
  if (agreesToEcn(host.config, halfOpen)) connection.ecn.agree(true)
  return connection
}

/** ESTABLISHED without a segment at hand: the row remembers the window of the ACK that had to wait. */
export function establishFromRow(connection: Connection, window: number): void {
  const { tcb } = connection
  syn.clear()
  syn.flags = ACK
  syn.seq = tcb.rcv.nxt
  syn.ack = tcb.snd.nxt
  syn.wnd = window
  becomeEstablished(connection, syn, false)
}
