import type { Connection } from '../tcp/connection.ts'
import { Deferred } from './deferred.ts'
import { SocketError } from './errors.ts'

type Chunk = Uint8Array | ArrayBufferView | ArrayBuffer | string

/** Streams have it, Node's types do not. */
type WithSignal = WritableStreamDefaultController & { readonly signal: AbortSignal }

interface OutwardHooks {
  /** The connection may have something to send. */
  touch(): void
  /** The writer has aborted, or has written what cannot be sent. */
  aborted(reason: unknown): void
  /** What `Connection.send` has thrown, as the writer is to see it. */
  errorOf(thrown: unknown): unknown
}

/** The writable side of a connection. One write at a time is under way; the others wait in the stream. */
export class Outward {
  readonly stream: WritableStream<Chunk>
  /** Nothing more will go in: it was closed or aborted, or failed. */
  ended = false
  /** Writes that are not done. */
  queued = 0
  readonly #hooks: OutwardHooks
  #controller: WritableStreamDefaultController | undefined
  #connection: Connection | undefined
  #octets: Uint8Array = new Uint8Array(0)
  /** Octets of it that the send buffer has taken. */
  #taken = 0
  #writing: Deferred<void> | undefined
  #idle: Deferred<void> | undefined

  /** @param started what the stream waits for */
  constructor(started: Promise<unknown>, highWaterMark: number, hooks: OutwardHooks) {
    this.#hooks = hooks
    this.stream = new WritableStream<Chunk>(
      {
        start: (controller) => {
          this.#controller = controller
          // At once, where a write is under way; the sink's own `abort` would wait for it.
          const { signal } = controller as WithSignal
          signal.addEventListener('abort', () => this.#abort(signal.reason))
          return started.then(() => {})
        },
        write: (chunk) => this.#write(chunk),
        close: () => this.#close(),
      },
      {
        highWaterMark,
        size: (chunk) => {
          this.queued++
          // What is no buffer is refused by `write`.
          return typeof chunk === 'string' ? chunk.length : (chunk?.byteLength ?? 0)
        },
      },
    )
  }

  begin(connection: Connection): void {
    this.#connection = connection
  }

  /** Resolves when no write waits. */
  idle(): Promise<void> {
    if (this.queued === 0) return Promise.resolve()
    this.#idle ??= new Deferred<void>()
    return this.#idle.promise
  }

  /** There is room in the send buffer. */
  flow(): void {
    const writing = this.#writing
    if (writing === undefined) return
    try {
      if (!this.#send()) return
      writing.resolve()
    } catch (thrown) {
      writing.reject(this.#hooks.errorOf(thrown))
    }
    this.#done()
  }

  /** Closes it from this side: by the stream where nobody holds it, else by the connection, and a writer that is held fails. */
  finish(reason: unknown): void {
    if (this.ended) return
    if (!this.stream.locked) {
      this.stream.close().catch(() => {})
      return
    }
    this.#close()
    this.#controller!.error(reason)
  }

  fail(reason: unknown): void {
    if (!this.ended) this.#controller!.error(reason)
    this.#giveUp(reason)
  }

  #write(chunk: Chunk): Promise<void> | undefined {
    try {
      this.#octets = octetsOf(chunk)
    } catch (error) {
      this.#abort(error)
      throw error
    }
    this.#taken = 0
    this.#writing = new Deferred<void>()
    const { promise } = this.#writing
    this.flow()
    return promise
  }

  /** True when all of it is taken. */
  #send(): boolean {
    const connection = this.#connection!
    const taken = connection.send(this.#octets, this.#taken)
    this.#taken += taken
    if (taken > 0) this.#hooks.touch()
    return this.#taken === this.#octets.length
  }

  #done(): void {
    if (this.#writing === undefined) return
    this.#writing = undefined
    this.#octets = new Uint8Array(0)
    this.queued--
    if (this.queued === 0) this.#rest()
  }

  #rest(): void {
    this.#idle?.resolve()
    this.#idle = undefined
  }

  #giveUp(reason: unknown): void {
    this.ended = true
    this.#writing?.reject(reason)
    this.#done()
    this.queued = 0
    this.#rest()
  }

  #close(): void {
    this.ended = true
    this.#connection?.close()
    this.#hooks.touch()
  }

  #abort(reason: unknown): void {
    if (this.ended && this.#writing === undefined) return
    this.#giveUp(reason)
    this.#hooks.aborted(reason)
  }
}

function octetsOf(chunk: Chunk): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk === 'string') return new TextEncoder().encode(chunk)
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk)
  throw new SocketError('ERR_INVALID_ARG_TYPE', 'a chunk is an ArrayBuffer, a view of one, or a string')
}
