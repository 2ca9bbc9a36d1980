/** What node:net has no call for: the kernel's urgent data. */
import type { Socket } from 'node:net'
import koffi from 'koffi'

// <linux/socket.h>
const MSG_OOB = 1

const libc = koffi.load(null)
const send: (fd: number, octets: Uint8Array, length: number, flags: number) => number = libc.func(
  'long send(int, const void *, ulong, int)',
)
const recv: (fd: number, octets: Uint8Array, length: number, flags: number) => number = libc.func(
  'long recv(int, void *, ulong, int)',
)

/** Sends octets of which the last is urgent. */
export function sendUrgent(socket: Socket, octets: Uint8Array): void {
  const sent = send(fdOf(socket), octets, octets.length, MSG_OOB)
  if (sent !== octets.length) throw new Error(`the kernel took ${sent} octets, errno ${koffi.errno()}`)
}

/** The urgent octet that waits to be read; undefined when there is none. */
export function urgentOctet(socket: Socket): number | undefined {
  const octet = new Uint8Array(1)
  return recv(fdOf(socket), octet, 1, MSG_OOB) === 1 ? octet[0] : undefined
}

function fdOf(socket: Socket): number {
  return (socket as Socket & { _handle: { fd: number } })._handle.fd
}
