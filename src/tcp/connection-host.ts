import type { Instant } from '../wire/instant.ts'
import type { BufferSize, TcpConfig } from './config.ts'
import type { CongestionControl } from './congestion/controller.ts'
import type { Connection } from './connection.ts'
import type { Counters } from './counters.ts'
import type { DropReason } from './drop-reason.ts'
import type { FastOpen } from './fast-open.ts'
import type { NextText } from './next-text.ts'
import type { Observer } from './observer.ts'
import type { PathMtus } from './path-mtu.ts'

/** What a connection needs of the endpoint it belongs to. */
export interface ConnectionHost {
  readonly config: TcpConfig
  readonly counters: Counters
  readonly observer: Observer | undefined
  readonly fastOpen: FastOpen
  readonly paths: PathMtus
  readonly sendBuffer: BufferSize
  readonly receiveBuffer: BufferSize
  /** Connections with something in their send buffers. */
  senders: number
  /** The shift count of the windows that we offer. */
  readonly receiveScale: number
  /** Octets of IP packet that the link takes. */
  readonly mtu: number
  /** Octets of IP packet that the link cuts into segments; 0 where it cuts none. */
  readonly segmentation: number
  readonly nextText: NextText
  /** The last instant that the endpoint was told. */
  readonly now: Instant
  /** The connection may have something to send, or timers to set. */
  ready(connection: Connection): void
  /** The connection has something to tell, for the first time since all was told. */
  notify(connection: Connection): void
  /** Segments have gone unanswered for R1: whoever knows the way to the peer may look for another. */
  doubtPath(connection: Connection): void
  /** Sends a RST for this connection, which need not exist any more when it goes out. */
  resetPeer(connection: Connection): void
  /** The connection is in TIME-WAIT from now on: a row takes its place. */
  enteredTimeWait(connection: Connection): void
  /** Whether its row is still there. */
  isInTimeWait(connection: Connection): boolean
  /** The connection is CLOSED: forget it. */
  forget(connection: Connection): void
  /** The segment at hand goes no further, or not all of it; the first reason counts. */
  drop(reason: DropReason): void
  initialSequence(connection: Connection): number
  newCongestionControl(connection: Connection): CongestionControl
}
