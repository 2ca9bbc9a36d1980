import type { Value } from './script.ts'
import { NotSupported } from './settings.ts'

/** Linux's numbers (x86) for the errors that a socket call can have. */
export const ERRNO: Readonly<Record<string, number>> = {
  EBADF: 9,
  EAGAIN: 11,
  EINVAL: 22,
  EPIPE: 32,
  ENOPROTOOPT: 92,
  EOPNOTSUPP: 95,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  EISCONN: 106,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EINPROGRESS: 115,
}

export const POLL = { POLLIN: 1, POLLPRI: 2, POLLOUT: 4, POLLERR: 8, POLLHUP: 16, POLLRDHUP: 0x2000 } as const
export const O_NONBLOCK = 0x800
export const SOCK_NONBLOCK = 0x800
export const MSG = {
  MSG_OOB: 1,
  MSG_DONTWAIT: 0x40,
  MSG_NOSIGNAL: 0x4000,
  MSG_MORE: 0x8000,
  MSG_FASTOPEN: 0x20000000,
} as const

const CONSTANTS: Readonly<Record<string, number>> = {
  ...ERRNO,
  ...POLL,
  ...MSG,
  EWOULDBLOCK: ERRNO.EAGAIN!,
  POLLRDNORM: 0x40,
  POLLWRNORM: 0x100,
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_NONBLOCK,
  SOCK_CLOEXEC: 0x80000,
  IPPROTO_IP: 0,
  IPPROTO_TCP: 6,
  IPPROTO_UDP: 17,
  IPPROTO_IPV6: 41,
  SHUT_RD: 0,
  SHUT_WR: 1,
  SHUT_RDWR: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_NONBLOCK,
}

/** A number, a name of one, or several joined by |. @throws {NotSupported} it is none */
export function numberOf(value: Value | undefined, what: string): number {
  if (value?.kind === 'number') return value.value
  if (value?.kind === 'or') return numberOf(value.left, what) | numberOf(value.right, what)
  if (value?.kind === 'word') {
    const known = Object.hasOwn(CONSTANTS, value.name) ? CONSTANTS[value.name] : undefined
    if (known !== undefined) return known
    throw new NotSupported(value.name, value.place)
  }
  throw new NotSupported(`${what} that is not a number`)
}

/** A name as it was written; undefined for what is none. */
export function wordOf(value: Value | undefined): string | undefined {
  return value?.kind === 'word' ? value.name : undefined
}
