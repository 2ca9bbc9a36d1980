import type { Connection } from '../tcp/connection.ts'
import { sendPiece } from '../tcp/send-limit.ts'

type Done = (code?: string) => void

/** The write that is under way: one chunk or several, and how far the send buffer has taken them. */
interface Write {
  readonly chunks: readonly Uint8Array[]
  readonly done: Done
  chunk: number
  offset: number
}

/**
 * The way out of a socket, into the connection's send buffer. A write is done when the send buffer has taken all of it; one
 * is under way at a time, which is what a Writable gives.
 */
export class Outflow {
  /** Octets handed to `write`, those that still wait included. */
  bytesWritten = 0
  /** Octets that wait for room in the send buffer. */
  queued = 0
  #write: Write | undefined
  readonly #sendNow: () => void
  /** Octets that the send buffer takes before they are sent. */
  #left = 0

  /** @param sendNow sends what the send buffer has, and takes in what makes room there */
  constructor(sendNow: () => void) {
    this.#sendNow = sendNow
  }

  /** Calls `done` within the call when the send buffer takes everything or refuses, with the code; else later. */
  write(connection: Connection, chunks: readonly Uint8Array[], done: Done): void {
    let octets = 0
    for (const { length } of chunks) octets += length
    this.bytesWritten += octets
    this.queued = octets
    this.#write = { chunks, done, chunk: 0, offset: 0 }
    this.flush(connection)
  }

  /** There is room in the send buffer, or the connection has ended. */
  flush(connection: Connection): void {
    const write = this.#write
    if (write === undefined) return
    try {
      if (this.#push(connection, write)) this.finish(undefined)
    } catch (error) {
      this.finish((error as { code?: string }).code ?? 'EPIPE')
    }
  }

  /** Ends the write that is under way, with a code if it failed. */
  finish(code: string | undefined): void {
    const write = this.#write
    this.#write = undefined
    this.queued = 0
    write?.done(code)
  }

  /** True when everything is taken. */
  #push(connection: Connection, write: Write): boolean {
    for (; write.chunk < write.chunks.length; write.chunk++) {
      const octets = write.chunks[write.chunk]!
      while (write.offset < octets.length) if (!this.#pushPiece(connection, write, octets)) return false
      write.offset = 0
    }
    return true
  }

  /** False when there is no room, even after sending. */
  #pushPiece(connection: Connection, write: Write, octets: Uint8Array): boolean {
    if (this.#left === 0) this.#left = sendPiece(connection)
    const wanted = Math.min(octets.length - write.offset, this.#left)
    const taken = connection.send(octets, write.offset, write.offset + wanted)
    write.offset += taken
    this.queued -= taken
    this.#left -= taken
    if (this.#left > 0 && taken === wanted) return true
    this.#left = 0
    this.#sendNow()
    return taken > 0 || connection.writable > 0
  }
}
