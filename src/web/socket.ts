/** What a connection was opened as: plain, TLS from the start, or plain until `startTls()`. */
export type SecureTransportKind = 'off' | 'on' | 'starttls'

export interface SocketInfo {
  /** `10.0.0.1:80`, `[fd00::1]:80`. */
  remoteAddress: string
  localAddress: string
  /** The application protocol that TLS has agreed on. */
  alpn: string | null
}

export interface SocketOptions {
  /** Default 'off'. The others need the `tls` of the net. */
  secureTransport?: SecureTransportKind
  /**
   * Default false: once the peer has ended its side and all was read, the writable is closed by itself, behind what was
   * written to it. True: that is left to whoever writes.
   */
  allowHalfOpen?: boolean
  /** TLS: the name to ask for. Default: the hostname. */
  sni?: string | null
  /** TLS: application protocols, the best first. */
  alpn?: readonly string[]
  /** Send small segments at once, without waiting for ACKs (Nagle off). Default false. */
  noDelay?: boolean
  /** Octets that the writable takes before it asks its writer to wait, beside the send buffer's. Default 65,536. */
  highWaterMark?: number
}

/** A connection, after the sockets API of WinterTC. */
export interface Socket {
  /**
   * What the peer sends: a byte stream, BYOB readers included. It takes from the receive buffer only what is asked for, so
   * a reader that is slow closes the window. Cancelled, it discards what comes.
   */
  readonly readable: ReadableStream<Uint8Array>
  /**
   * What the peer is sent: buffers, views, and strings as UTF-8. A write is done when the send buffer has taken it;
   * closing sends a FIN behind it. Aborted, it resets the connection.
   */
  readonly writable: WritableStream<Uint8Array | ArrayBufferView | ArrayBuffer | string>
  /** The connection is there; for TLS, its handshake is over. It rejects if that fails, or `close()` comes before. */
  readonly opened: Promise<SocketInfo>
  /** Both directions have ended, or `close()` was called. It rejects with a SocketError if the connection was cut off. */
  readonly closed: Promise<void>
  /** Whether `startTls()` was called. */
  readonly upgraded: boolean
  readonly secureTransport: SecureTransportKind
  /**
   * Closes both directions: the readable ends, the writable is errored with `reason`. What the send buffer has taken is
   * still delivered, with a FIN; a write that is not done is lost, with a RST.
   */
  close(reason?: unknown): Promise<void>
  /**
   * Goes on with TLS over the same connection, behind what was written. This socket has ended with it.
   * @throws {SocketError} ERR_SOCKET_STARTTLS: it was not opened with 'starttls', or this is the second time
   */
  startTls(): Socket
}

/** The two streams of a connection, plain or not. */
export interface Streams {
  readable: ReadableStream<Uint8Array>
  writable: WritableStream<Uint8Array>
}

export interface TlsOptions {
  hostname: string
  /** The name to ask for, and to find in the certificate. */
  sni: string
  alpn: readonly string[]
}

/**
 * TLS as a client: makes of the streams of a connection those within TLS, once the handshake is over. Whoever uses it
 * brings it: this stack has none.
 */
export type Tls = (plain: Streams, options: TlsOptions) => Promise<Streams & { alpn?: string | null }>
