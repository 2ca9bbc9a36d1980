import { Deferred } from './deferred.ts'
import { SocketError } from './errors.ts'
import type { SecureTransportKind, Socket, SocketInfo, SocketOptions, Streams, Tls } from './socket.ts'

/** A connection within TLS: the streams that the caller's implementation makes of a plain socket's. */
export class TlsSocket implements Socket {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: Socket['writable']
  readonly opened: Promise<SocketInfo>
  readonly closed: Promise<void>
  readonly upgraded = false
  readonly secureTransport: SecureTransportKind = 'on'
  readonly #plain: Socket
  #inward: ReadableByteStreamController | undefined
  #outward: WritableStreamDefaultController | undefined

  constructor(plain: Socket, tls: Tls | undefined, hostname: string, options: SocketOptions) {
    this.#plain = plain
    const streams = new Deferred<Streams>()
    const opened = new Deferred<SocketInfo>()
    this.opened = opened.promise
    this.closed = plain.closed
    this.readable = this.#reading(streams.promise)
    this.writable = this.#writing(streams.promise)
    const fail = (error: unknown): void => {
      streams.reject(error)
      opened.reject(error)
      void plain.close(error)
    }
    plain.opened
      .then(async (info) => {
        // Before a handshake is begun whose end nobody could use.
        if (tls === undefined) throw missingTls()
        const { sni, alpn = [] } = options
        const secured = await tls(plain as Streams, { hostname, sni: sni ?? hostname, alpn })
        streams.resolve(secured)
        opened.resolve({ ...info, alpn: secured.alpn ?? null })
      })
      .catch(fail)
    plain.closed.catch(fail)
  }

  close(reason?: unknown): Promise<void> {
    const closed = this.#plain.close(reason)
    const why = reason ?? new SocketError('ERR_SOCKET_CLOSED', 'the socket was closed')
    try {
      this.#outward?.error(why)
      this.#inward?.close()
      this.#inward?.byobRequest?.respond(0)
    } catch {
      // It has ended before.
    }
    return closed
  }

  startTls(): Socket {
    throw new SocketError('ERR_SOCKET_STARTTLS', 'TLS cannot be started on this socket: it is TLS already')
  }

  #reading(streams: Promise<Streams>): ReadableStream<Uint8Array> {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
    return new ReadableStream(
      {
        type: 'bytes',
        start: async (controller) => {
          this.#inward = controller as ReadableByteStreamController
          reader = (await streams).readable.getReader()
        },
        pull: async () => {
          const { value, done } = await reader!.read()
          const controller = this.#inward!
          if (!done) {
            // A stream takes the whole buffer away from whoever made the chunk.
            controller.enqueue(value.slice())
            return
          }
          controller.close()
          controller.byobRequest?.respond(0)
        },
        cancel: (reason) => reader?.cancel(reason),
      },
      { highWaterMark: 0 },
    )
  }

  #writing(streams: Promise<Streams>): Socket['writable'] {
    let writer: WritableStreamDefaultWriter<Uint8Array> | undefined
    return new WritableStream<Uint8Array | ArrayBufferView | ArrayBuffer | string>({
      start: async (controller) => {
        this.#outward = controller
        writer = (await streams).writable.getWriter()
      },
      write: (chunk) => writer!.write(chunk as Uint8Array),
      close: () => writer!.close(),
      abort: (reason) => writer?.abort(reason),
    })
  }
}

/** No TLS was given to the net. */
export function missingTls(): SocketError {
  return new SocketError('ERR_NO_TLS', 'this net has no TLS: give createWebNet({ tls }) one')
}
