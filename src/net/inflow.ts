import type { Connection } from '../tcp/connection.ts'
import type { TextSink } from '../tcp/text-sink.ts'
import type { Landing } from '../wire/landing.ts'
import { copyOctets } from '../wire/octets.ts'

/** Octets read at once at most: what the stream machinery costs is paid per chunk. */
const READ_SIZE = 131_072

/** Text from so many octets on becomes a chunk of its own; shorter text is gathered in the receive buffer. */
const LONG_TEXT = 16_384

/** The most octets that wait here for the reader. */
const MOST_WAITING = 262_144

/** No packet has more, octets. */
const LONGEST_TEXT = 65_536

/** Memory of the user's that is read into, in place of chunks: the option `onread`. */
export interface ReadInto {
  /** Between callbacks all of it may be written to. */
  buffer: Uint8Array | (() => Uint8Array)
  /** So many octets have been read into `buffer`; false stops reading. */
  callback(octets: number, buffer: Uint8Array): boolean
}

/** Those whose octets wait to be handed over in memory of the user's, of which several sockets may have been given the same: each at most once, and only sockets with memory of their own to read into. */
const occupants: Inflow[] = []

/** Who reads. */
export interface InflowReader {
  /** A chunk, which is the reader's own; false stops reading. */
  onData(chunk: Buffer): boolean
  /** The peer's end. Told once. */
  onEnd(): void
}

/**
 * The way in to a socket. Octets stay in the connection's receive buffer until they are asked for, so a slow reader closes
 * the TCP window. While they are asked for, long text skips that buffer: it is copied once, out of its frame into the chunk
 * or the memory that the reader gets.
 */
export class Inflow implements TextSink {
  /** Octets are wanted as they come. */
  reading = false
  bytesRead = 0
  #into: ReadInto | undefined
  #buffer: Uint8Array | undefined
  /** What was taken out of frames and not handed over: chunks, or octets at the beginning of the buffer. */
  #chunks: Buffer[] = []
  #waiting = 0
  /** It is among the occupants. */
  #occupies = false
  /** The octets that waited in the buffer, while that is another reader's. */
  #aside: Uint8Array | undefined
  #ended = false

  /** From now on octets are read into the user's memory. */
  readInto(into: ReadInto): void {
    this.#into = into
    this.#buffer = typeof into.buffer === 'function' ? into.buffer() : into.buffer
  }

  take(octets: Uint8Array, start: number, length: number): number {
    if (!this.reading) return 0
    const buffer = this.#buffer
    if (buffer === undefined) {
      if (length < LONG_TEXT || this.#waiting + length > MOST_WAITING) return 0
      const chunk = Buffer.allocUnsafeSlow(length)
      copyOctets(octets, start, length, chunk, 0)
      this.#chunks.push(chunk)
      this.#waiting += length
      return length
    }
    const taken = Math.min(length, buffer.length - this.#waiting)
    if (taken <= 0 || !this.#mayUse(buffer)) return 0
    if (!this.#occupies) {
      this.#occupies = true
      occupants.push(this)
    }
    if (octets !== buffer) copyOctets(octets, start, taken, buffer, this.#waiting)
    else if (start !== this.#waiting) buffer.copyWithin(this.#waiting, start, start + taken)
    this.#waiting += taken
    return taken
  }

  /** Whether `pull` has anything to tell: octets, the end, or why there will be none. */
  isDue(connection: Connection): boolean {
    return this.#waiting > 0 || connection.readable > 0 || connection.ended || connection.failure !== undefined
  }

  /** Hands over what there is while it is wanted, and then the end; true if anything was read. */
  pull(connection: Connection, reader: InflowReader): boolean {
    const before = this.bytesRead
    while (this.reading && (this.#waiting > 0 || connection.readable > 0)) {
      const buffer = this.#buffer
      const goOn = buffer === undefined ? this.#hand(connection, reader) : this.#fill(connection, buffer)
      if (!goOn) this.reading = false
    }
    if (this.reading && connection.ended && !this.#ended) {
      this.#ended = true
      this.reading = false
      reader.onEnd()
    }
    return this.bytesRead > before
  }

  place(landing: Landing, least: number): 'there' | 'full' | undefined {
    const buffer = this.#buffer
    if (!this.reading || buffer === undefined || buffer.length < least) return undefined
    if (buffer.length - this.#waiting < least) return 'full'
    if (!this.#mayUse(buffer)) return undefined
    landing.octets = buffer
    landing.start = this.#waiting
    landing.end = Math.min(buffer.length, landing.start + LONGEST_TEXT)
    return 'there'
  }

  /** No other reader's octets wait there, nor do some of this one's elsewhere. */
  #mayUse(buffer: Uint8Array): boolean {
    return this.#occupies || (this.#waiting === 0 && Inflow.#occupantOf(buffer) === undefined)
  }

  /** From here on the memory holds what waits for this reader, and nothing of others. */
  #claim(buffer: Uint8Array): void {
    if (this.#occupies) {
      this.#leave()
      return
    }
    for (let other = Inflow.#occupantOf(buffer); other !== undefined; other = Inflow.#occupantOf(buffer)) {
      other.#leave()
      other.#aside = other.#buffer!.slice(0, other.#waiting)
    }
    if (this.#aside !== undefined) buffer.set(this.#aside)
    this.#aside = undefined
  }

  #leave(): void {
    if (!this.#occupies) return
    this.#occupies = false
    const last = occupants.pop()!
    if (last !== this) occupants[occupants.indexOf(this)] = last
  }

  /** Nothing more is handed over. */
  close(): void {
    this.reading = false
    if (this.#waiting === 0) return
    this.#leave()
    this.#chunks = []
    this.#aside = undefined
    this.#waiting = 0
  }

  static #occupantOf({ buffer }: Uint8Array): Inflow | undefined {
    for (let i = 0; i < occupants.length; i++) if (occupants[i]!.#buffer!.buffer === buffer) return occupants[i]
    return undefined
  }

  #hand(connection: Connection, reader: InflowReader): boolean {
    const chunk = this.#chunks.shift() ?? read(connection)
    if (this.#waiting > 0) this.#waiting -= chunk.length
    this.bytesRead += chunk.length
    return reader.onData(chunk)
  }

  #fill(connection: Connection, buffer: Uint8Array): boolean {
    const { buffer: next, callback } = this.#into!
    this.#claim(buffer)
    const waiting = this.#waiting
    const length = waiting + connection.receive(buffer, Math.min(waiting, buffer.length))
    if (length === 0) return false
    this.#waiting = 0
    this.bytesRead += length
    const goOn = callback(length, buffer) !== false
    if (typeof next === 'function') this.#buffer = next()
    return goOn
  }
}

/** A chunk belongs to the reader: it is never used again here. Node's own pool serves the small ones. */
function read(connection: Connection): Buffer {
  const chunk = Buffer.allocUnsafe(Math.min(connection.readable, READ_SIZE))
  connection.receive(chunk)
  return chunk
}
