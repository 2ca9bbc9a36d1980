import { constants } from 'node:os'
import koffi from 'koffi'

// <linux/socket.h>
const AF_INET = 2
const SOCK_STREAM = 1
const SOCK_NONBLOCK = 0o4000

const libc = koffi.load(null)
const socket: (domain: number, type: number, protocol: number) => number = libc.func('int socket(int, int, int)')
const bind: (fd: number, address: Uint8Array, length: number) => number = libc.func('int bind(int, void *, uint)')
const listen: (fd: number, backlog: number) => number = libc.func('int listen(int, int)')
const accept: (fd: number, address: null, length: null) => number = libc.func('int accept(int, void *, void *)')
const close: (fd: number) => number = libc.func('int close(int)')

/** A listening socket of the kernel's whose application accepts when it is told to: node:net accepts at once. */
export class KernelSocket {
  private readonly fd: number
  private readonly accepted: number[] = []

  constructor(port: number, backlog: number) {
    this.fd = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0))
    const address = new Uint8Array(16)
    new Uint16Array(address.buffer, 0, 1)[0] = AF_INET
    new DataView(address.buffer).setUint16(2, port)
    check(bind(this.fd, address, address.length))
    check(listen(this.fd, backlog))
  }

  /** False when there is nothing to accept. */
  accept(): boolean {
    const fd = accept(this.fd, null, null)
    if (fd >= 0) this.accepted.push(fd)
    else if (koffi.errno() !== constants.errno.EAGAIN) check(fd)
    return fd >= 0
  }

  /** Stops listening; accepted connections stay. */
  close(): void {
    close(this.fd)
  }

  closeAccepted(): void {
    for (const fd of this.accepted.splice(0)) close(fd)
  }
}

function check(result: number): number {
  if (result < 0) throw new Error(`the kernel says errno ${koffi.errno()}`)
  return result
}
