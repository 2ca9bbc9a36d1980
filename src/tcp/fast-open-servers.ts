import type { Instant, Milliseconds } from '../wire/instant.ts'
import type { Segment } from '../wire/segment.ts'
import type { Connection } from './connection.ts'

/** The most servers that are remembered; the one that has not been asked for longest goes first. */
export const MOST_SERVERS = 1024

/** How long Fast Open is not tried again after a first failure, ms; twice as long after each further one, up to 17 hours. */
const FIRST_PAUSE: Milliseconds = 4 * 60_000
const MOST_DOUBLINGS = 8

/** What is usual over Ethernet: a larger SYN may be held to be an attack (RFC 7413 §4.1.3). */
const MOST_MSS_IPV4 = 1460
const MOST_MSS_IPV6 = 1440

/** What a client knows of a server's Fast Open (RFC 7413 §4.1.3). */
export interface FastOpenServer {
  /** Empty when there is none. */
  cookie: Uint8Array
  /** What may go on a SYN, octets of payload and options: the server's MSS, as far as we use it there. */
  mss: number
  /** Failures in a row, and until when Fast Open is left alone for them (§4.1.3.1). */
  failures: number
  pausedUntil: Instant
}

/**
 * Fast Open cookies as a client keeps them, by its own address and the server's address and port (RFC 7413 §4.1.3.1: not
 * every port of a server need do Fast Open). Bounded.
 */
export class FastOpenServers {
  private readonly servers: Map<string, FastOpenServer> = new Map<string, FastOpenServer>()

  get size(): number {
    return this.servers.size
  }

  /** What is known of the server that this connection is to; undefined when nothing is. */
  find(connection: Connection): FastOpenServer | undefined {
    const key = keyOf(connection)
    const server = this.servers.get(key)
    if (server !== undefined) this.put(key, server)
    return server
  }

  /** The server's SYN,ACK has come, with a cookie or without. */
  learn(connection: Connection, synAck: Segment): void {
    const server = this.known(connection)
    const { remote, tcb } = connection
    server.mss = Math.min(tcb.snd.mss, remote.family === 4 ? MOST_MSS_IPV4 : MOST_MSS_IPV6)
    if (synAck.cookieLength > 0) server.cookie = synAck.cookie.slice(0, synAck.cookieLength)
  }

  /** What was on the SYN has been taken. */
  succeeded(connection: Connection): void {
    this.known(connection).failures = 0
  }

  /** A negative response (RFC 7413 §4.1.3.1): Fast Open is not tried for a while, longer each time. */
  failed(connection: Connection, now: Instant): void {
    const server = this.known(connection)
    server.pausedUntil = now + FIRST_PAUSE * 2 ** Math.min(server.failures, MOST_DOUBLINGS)
    server.failures++
  }

  private known(connection: Connection): FastOpenServer {
    const key = keyOf(connection)
    const server = this.servers.get(key) ?? {
      cookie: new Uint8Array(0),
      mss: 0,
      failures: 0,
      pausedUntil: Number.NEGATIVE_INFINITY,
    }
    this.put(key, server)
    return server
  }

  /** As the one that was asked for last. */
  private put(key: string, server: FastOpenServer): void {
    this.servers.delete(key)
    this.servers.set(key, server)
    if (this.servers.size <= MOST_SERVERS) return
    for (const oldest of this.servers.keys()) {
      this.servers.delete(oldest)
      return
    }
  }
}

function keyOf({ local, remote, remotePort }: Connection): string {
  return `${local} ${remote} ${remotePort}`
}
