import type { Connection } from '../tcp/connection.ts'

/** Octets of a chunk at most, where the reader brings no buffer. */
const READ_SIZE = 65_536

/** The readable side of a connection. Octets stay in the receive buffer until they are asked for. */
export class Inward {
  readonly stream: ReadableStream<Uint8Array>
  /** Nothing more will come out: all was read, or it was cancelled, or it failed. */
  ended = false
  readonly #onEnd: () => void
  #controller: ReadableByteStreamController | undefined
  #connection: Connection | undefined
  #wanted = false
  #discards = false

  /**
   * @param started what the stream waits for
   * @param onEnd the peer has ended its side, and all of it was read
   */
  constructor(started: Promise<unknown>, onEnd: () => void) {
    this.#onEnd = onEnd
    this.stream = new ReadableStream(
      {
        type: 'bytes',
        start: (controller) => {
          this.#controller = controller as ReadableByteStreamController
          return started.then(() => {})
        },
        pull: () => {
          this.#wanted = true
          this.flow()
        },
        cancel: () => {
          this.#discards = true
          this.flow()
        },
      },
      { highWaterMark: 0 },
    )
  }

  begin(connection: Connection): void {
    this.#connection = connection
  }

  /** Octets have come, or are asked for. True if any were taken: the window has opened. */
  flow(): boolean {
    const connection = this.#connection
    if (connection === undefined || this.ended) return false
    const before = connection.readable
    if (this.#discards) discard(connection)
    while (this.#wanted && connection.readable > 0) this.#deliver(connection)
    const taken = connection.readable < before
    if (connection.ended) this.#end()
    return taken
  }

  /** As if it had been cancelled: who reads sees the end. */
  stop(): void {
    if (this.ended) return
    this.ended = true
    if (!this.#discards) this.#close()
  }

  fail(reason: unknown): void {
    if (this.ended) return
    this.ended = true
    if (!this.#discards) this.#controller!.error(reason)
  }

  #deliver(connection: Connection): void {
    this.#wanted = false
    const request = this.#controller!.byobRequest
    const view = request?.view
    if (request && view) {
      const { buffer, byteOffset, byteLength } = view
      request.respond(connection.receive(new Uint8Array(buffer, byteOffset, byteLength)))
    } else {
      const chunk = new Uint8Array(Math.min(connection.readable, READ_SIZE))
      connection.receive(chunk)
      this.#controller!.enqueue(chunk)
    }
  }

  #end(): void {
    this.ended = true
    if (!this.#discards) this.#close()
    this.#onEnd()
  }

  #close(): void {
    const controller = this.#controller!
    controller.close()
    // A reader's own buffer comes back empty only so.
    controller.byobRequest?.respond(0)
  }
}

function discard(connection: Connection): void {
  const scrap = new Uint8Array(Math.min(connection.readable, READ_SIZE))
  while (connection.readable > 0) connection.receive(scrap)
}
