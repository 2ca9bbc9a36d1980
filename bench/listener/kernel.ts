/** The kernel's sockets without node:net, which would be what is measured. */
import { constants } from 'node:os'
import koffi from 'koffi'

// <linux/socket.h>, <linux/in.h>, <poll.h>
const AF_INET = 2
const SOCK_STREAM = 1
const SOCK_RAW = 3
const SOCK_NONBLOCK = 0o4000
const IPPROTO_RAW = 255
const SOL_SOCKET = 1
const SO_LINGER = 13
const SO_SNDBUF = 7
const POLLOUT = 4
const { EINPROGRESS, EAGAIN } = constants.errno

type Call = (...args: (number | Uint8Array | null)[]) => number
const libc = koffi.load(null)
const socket: Call = libc.func('int socket(int, int, int)')
const bindTo: Call = libc.func('int bind(int, void *, uint)')
const listen: Call = libc.func('int listen(int, int)')
const acceptFrom: Call = libc.func('int accept(int, void *, void *)')
const connectTo: Call = libc.func('int connect(int, void *, uint)')
const setOption: Call = libc.func('int setsockopt(int, int, int, void *, uint)')
const pollAll: Call = libc.func('int poll(void *, ulong, int)')
const sendTo: Call = libc.func('int sendto(int, void *, size_t, int, void *, uint)')
const close: Call = libc.func('int close(int)')

function check(result: number): number {
  if (result < 0) throw new Error(`the kernel says errno ${koffi.errno()}`)
  return result
}

function socketAddress(address: string, port: number): Uint8Array {
  const octets = new Uint8Array(16)
  new Uint16Array(octets.buffer)[0] = AF_INET
  new DataView(octets.buffer).setUint16(2, port)
  octets.set(address.split('.').map(Number), 4)
  return octets
}

/** A listening socket. */
export class KernelListener {
  private readonly fd: number = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0))

  constructor(address: string, port: number, backlog: number) {
    check(bindTo(this.fd, socketAddress(address, port), 16))
    check(listen(this.fd, backlog))
  }

  /** Accepts all that wait, and closes each. Returns how many. */
  acceptAll(): number {
    let accepted = 0
    for (let fd = acceptFrom(this.fd, null, null); fd >= 0; fd = acceptFrom(this.fd, null, null)) {
      close(fd)
      accepted++
    }
    return accepted
  }

  close(): void {
    close(this.fd)
  }
}

/** Sends packets as they are, with whatever source. */
export class RawSocket {
  private readonly fd: number = check(socket(AF_INET, SOCK_RAW, IPPROTO_RAW))
  private readonly to: Uint8Array

  constructor(address: string) {
    this.to = socketAddress(address, 0)
    check(setOption(this.fd, SOL_SOCKET, SO_SNDBUF, new Uint8Array(new Int32Array([1 << 20]).buffer), 4))
  }

  /** False when the kernel did not take it. */
  send(packet: Uint8Array): boolean {
    return sendTo(this.fd, packet, packet.length, 0, this.to, 16) >= 0
  }
}

/** Opens `atOnce` connections, waits for all, resets all, and again; returns how many were opened in the time. */
export function connectFor(address: string, port: number, atOnce: number, ms: number): number {
  const to = socketAddress(address, port)
  const linger = new Uint8Array(new Int32Array([1, 0]).buffer)
  const polled = new Int32Array(2 * atOnce)
  const octets = new Uint8Array(polled.buffer)
  let opened = 0
  for (const end = performance.now() + ms; performance.now() < end; ) {
    for (let i = 0; i < atOnce; i++) {
      const fd = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0))
      if (connectTo(fd, to, 16) < 0 && koffi.errno() !== EINPROGRESS && koffi.errno() !== EAGAIN) check(-1)
      polled[2 * i] = fd
      polled[2 * i + 1] = POLLOUT
    }
    for (let i = 0; i < atOnce; i++) {
      // One after another: all are on their way at once.
      while (pollAll(octets.subarray(8 * i, 8 * i + 8), 1, 1000) === 0);
      if (polled[2 * i + 1]! >>> 16 === POLLOUT) opened++
      setOption(polled[2 * i]!, SOL_SOCKET, SO_LINGER, linger, 8)
      close(polled[2 * i]!)
    }
  }
  return opened
}
