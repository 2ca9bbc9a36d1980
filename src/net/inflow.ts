import type { Connection } from '../tcp/connection.ts'

/** Octets read at once at most: what the stream machinery costs is paid per chunk. */
const READ_SIZE = 65_536

/** Memory of the user's that is read into, in place of chunks: the option `onread`. */
export interface ReadInto {
  buffer: Uint8Array | (() => Uint8Array)
  /** So many octets have been read into `buffer`; false stops reading. */
  callback(octets: number, buffer: Uint8Array): boolean
}

/** Who reads. */
export interface InflowReader {
  /** A chunk, which is the reader's own; false stops reading. */
  onData(chunk: Buffer): boolean
  /** The peer's end. Told once. */
  onEnd(): void
}

/**
 * The way in to a socket, out of the connection's receive buffer. Octets stay there until they are asked for, so a slow
 * reader closes the TCP window.
 */
export class Inflow {
  /** Octets are wanted as they come. */
  reading = false
  bytesRead = 0
  #into: ReadInto | undefined
  #buffer: Uint8Array | undefined
  #ended = false

  /** From now on octets are read into the user's memory. */
  readInto(into: ReadInto): void {
    this.#into = into
    this.#buffer = typeof into.buffer === 'function' ? into.buffer() : into.buffer
  }

  /** Hands over what there is while it is wanted, and then the end; true if anything was read. */
  pull(connection: Connection, reader: InflowReader): boolean {
    const before = this.bytesRead
    while (this.reading && connection.readable > 0) {
      const buffer = this.#buffer
      const goOn = buffer === undefined ? this.#chunk(connection, reader) : this.#fill(connection, buffer)
      if (!goOn) this.reading = false
    }
    if (this.reading && connection.ended && !this.#ended) {
      this.#ended = true
      this.reading = false
      reader.onEnd()
    }
    return this.bytesRead > before
  }

  #chunk(connection: Connection, reader: InflowReader): boolean {
    // Node's own pool serves the small ones; a chunk belongs to the reader, so it is never used again here.
    const chunk = Buffer.allocUnsafe(Math.min(connection.readable, READ_SIZE))
    const length = connection.receive(chunk)
    this.bytesRead += length
    return reader.onData(length === chunk.length ? chunk : chunk.subarray(0, length))
  }

  #fill(connection: Connection, buffer: Uint8Array): boolean {
    const { buffer: next, callback } = this.#into!
    const length = connection.receive(buffer)
    this.bytesRead += length
    const goOn = callback(length, buffer) !== false
    if (typeof next === 'function') this.#buffer = next()
    return goOn
  }
}
