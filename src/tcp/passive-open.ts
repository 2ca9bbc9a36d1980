import { IpAddress } from '../wire/address.ts'
import { ABSENT, ACK, Segment, SYN } from '../wire/segment.ts'
import { becomeEstablished, learnOptions } from './arrives/established.ts'
import type { TcpConfig } from './config.ts'
import { Connection } from './connection.ts'
import type { ConnectionHost } from './connection-host.ts'
import { ANSWERED, ANSWERED_AGAIN, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE } from './half-open.ts'
import { timestampClock, timestampOffset } from './isn.ts'
import type { Listener } from './listener.ts'
import { offeredMss, windowScaleFor } from './options.ts'
import { seqAdd } from './seq.ts'
import type { SipKey } from './siphash.ts'
import type { SynQueue } from './syn-queue.ts'

/** The SYN of a row once more, as far as the row remembers it: a connection learns its options from it as from any SYN. */
const syn: Segment = new Segment()

/** What this module needs of an endpoint. */
export interface PassiveOpenHost extends ConnectionHost {
  readonly config: TcpConfig
  readonly timestampKey: SipKey
  /** The window of a SYN,ACK, octets. */
  readonly initialWindow: number
}

/** <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> for a row, with each option that the client offered too. */
export function fillSynAck(host: PassiveOpenHost, queue: SynQueue, row: number, out: Segment): void {
  const { config } = host
  out.clear()
  queue.readRemote(row, out.destination)
  queue.readLocal(row, out.source)
  out.destinationPort = queue.remotePort(row)
  out.sourcePort = queue.localPort(row)
  out.flags = SYN | ACK
  out.seq = queue.iss[row]!
  out.ack = seqAdd(queue.irs[row]!, 1)
  out.wnd = host.initialWindow
  out.mss = offeredMss(host.mtu, out.destination)
  if (config.windowScale && queue.has(row, WINDOW_SCALE)) out.windowScale = windowScaleFor(config.receiveBuffer)
  out.sackPermitted = config.sack && queue.has(row, SACK_PERMITTED)
  if (config.timestamps && queue.has(row, TIMESTAMPS)) {
    out.timestamps = true
    out.tsVal = timestampClock(
      offsetOf(host, out.source, out.sourcePort, out.destination, out.destinationPort),
      host.now,
    )
    out.tsEcr = queue.tsRecent[row]!
  }
}

/** A connection in SYN-RECEIVED that goes on where the row stands (RFC 9293 §3.10.7.2, third). */
export function connectionOf(host: PassiveOpenHost, listener: Listener, queue: SynQueue, row: number): Connection {
  const local = new IpAddress()
  const remote = new IpAddress()
  queue.readLocal(row, local)
  queue.readRemote(row, remote)
  const connection = new Connection(
    host,
    local,
    queue.localPort(row),
    remote,
    queue.remotePort(row),
    queue.hash(row),
    listener,
  )
  const { tcb } = connection
  tcb.iss = queue.iss[row]!
  tcb.irs = queue.irs[row]!
  tcb.snd.una = tcb.iss
  tcb.snd.nxt = seqAdd(tcb.iss, 1)
  tcb.rcv.nxt = seqAdd(tcb.irs, 1)
  tcb.rcv.edge = seqAdd(tcb.rcv.nxt, host.initialWindow)
  tcb.lastAckSent = tcb.rcv.nxt
  tcb.tsOffset = offsetOf(host, local, connection.localPort, remote, connection.remotePort)
  if ((queue.flags[row]! & (ANSWERED | ANSWERED_AGAIN)) === ANSWERED) connection.timedAt = queue.answeredAt[row]!
  syn.source = remote
  syn.mss = queue.mss[row]! === 0 ? ABSENT : queue.mss[row]!
  syn.windowScale = queue.has(row, WINDOW_SCALE) ? queue.windowScale[row]! : ABSENT
  syn.sackPermitted = queue.has(row, SACK_PERMITTED)
  syn.timestamps = queue.has(row, TIMESTAMPS)
  syn.tsVal = queue.tsRecent[row]!
  learnOptions(connection, syn)
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
  becomeEstablished(connection, syn, false, false)
}

function offsetOf(
  host: PassiveOpenHost,
  local: IpAddress,
  localPort: number,
  remote: IpAddress,
  remotePort: number,
): number {
  return timestampOffset(host.timestampKey, local, localPort, remote, remotePort)
}
