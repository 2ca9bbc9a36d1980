import type { Connection } from '../tcp/connection.ts'

/** The write that a stream has under way: one chunk or several, and how far the send buffer has taken them. */
export class PendingWrite {
  readonly done: (error?: Error) => void
  /** Octets. */
  taken = 0
  readonly #chunks: readonly Uint8Array[]
  #chunk = 0
  #offset = 0

  constructor(chunks: readonly Uint8Array[], done: (error?: Error) => void) {
    this.#chunks = chunks
    this.done = done
  }

  /** Hands over as much as the send buffer takes; true when that was all. Throws what `Connection.send` throws. */
  sendTo(connection: Connection): boolean {
    for (; this.#chunk < this.#chunks.length; this.#chunk++) {
      const chunk = this.#chunks[this.#chunk]!
      const taken = connection.send(chunk, this.#offset)
      this.taken += taken
      this.#offset += taken
      if (this.#offset < chunk.length) return false
      this.#offset = 0
    }
    return true
  }
}
