import { closeSync } from 'node:fs'
import type { IpPrefix } from '../wire/address.ts'
import { writeUint32 } from '../wire/octets.ts'
import { type Libc, loadLibc } from './ffi.ts'
import { errnoName, TunError } from './tun-error.ts'

// <linux/sockios.h>
const SIOCGIFFLAGS = 0x8913
const SIOCSIFFLAGS = 0x8914
const SIOCSIFADDR = 0x8916
const SIOCSIFNETMASK = 0x891c
const SIOCGIFMTU = 0x8921
const SIOCSIFMTU = 0x8922
const SIOCGIFINDEX = 0x8933

const AF_INET = 2
const AF_INET6 = 10
const AF_NETLINK = 16
const SOCK_DGRAM = 2
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0x80000
const IFF_UP = 1

// <linux/rtnetlink.h>
const RTM_NEWLINK = 16
const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const IFLA_TXQLEN = 13

/** Octets of `struct ifreq`: the interface's name in 16, and a union. */
const IFREQ_LENGTH = 40
const NAME_LENGTH = 16

/** A call of the kernel that failed. */
export class InterfaceError extends Error {
  readonly request: string
  readonly errno: number

  constructor(request: string, errno: number) {
    super(`${request} failed with errno ${-errno}`)
    this.request = request
    this.errno = errno
  }
}

/** `struct ifreq` with the interface's name in it. Little-endian, as the kernels are that this runs on. */
export class InterfaceRequest {
  readonly octets: Uint8Array = new Uint8Array(IFREQ_LENGTH)
  readonly #view = new DataView(this.octets.buffer)

  constructor(name: string) {
    new TextEncoder().encodeInto(name, this.octets.subarray(0, NAME_LENGTH - 1))
  }

  get name(): string {
    return new TextDecoder().decode(this.octets.subarray(0, this.octets.indexOf(0)))
  }

  get int(): number {
    return this.#view.getInt32(NAME_LENGTH, true)
  }

  set int(value: number) {
    this.#view.setInt32(NAME_LENGTH, value, true)
  }

  get flags(): number {
    return this.#view.getUint16(NAME_LENGTH, true)
  }

  set flags(value: number) {
    this.#view.setUint16(NAME_LENGTH, value, true)
  }

  /** `struct sockaddr_in`: family, port, address. */
  set ipv4(word: number) {
    this.#view.setUint16(NAME_LENGTH, AF_INET, true)
    writeUint32(this.octets, NAME_LENGTH + 4, word)
  }
}

/**
 * Reads and sets a network interface of this namespace by calls of the kernel, so that no `ip` program is needed. Every method
 * throws an {@link InterfaceError} when the kernel refuses.
 */
export class NetworkInterface {
  readonly name: string
  readonly #libc: Libc

  constructor(libc: Libc, name: string) {
    this.#libc = libc
    this.name = name
  }

  get index(): number {
    return this.#request('SIOCGIFINDEX', SIOCGIFINDEX).int
  }

  get mtu(): number {
    return this.#request('SIOCGIFMTU', SIOCGIFMTU).int
  }

  set mtu(octets: number) {
    this.#request('SIOCSIFMTU', SIOCSIFMTU, (request) => {
      request.int = octets
    })
  }

  /** Frames. Through rtnetlink, since the ioctl for it is not permitted to the root of a user namespace. */
  set txQueueLength(frames: number) {
    // struct nlmsghdr: length, type, flags. struct ifinfomsg: the index. struct rtattr: length, type, value.
    const message = new DataView(new ArrayBuffer(40))
    message.setUint32(0, 40, true)
    message.setUint16(4, RTM_NEWLINK, true)
    message.setUint16(6, NLM_F_REQUEST | NLM_F_ACK, true)
    message.setInt32(20, this.index, true)
    message.setUint16(32, 8, true)
    message.setUint16(34, IFLA_TXQLEN, true)
    message.setUint32(36, frames, true)
    this.#withSocket(AF_NETLINK, 'RTM_NEWLINK', (socket) => {
      const written = this.#libc.write(socket, new Uint8Array(message.buffer), 0, 40)
      const answer = new DataView(new ArrayBuffer(256))
      const read = written < 0 ? written : this.#libc.read(socket, new Uint8Array(answer.buffer), 256)
      // The answer is a struct nlmsgerr: behind its header 0, or a negative errno.
      return read < 0 ? read : answer.getInt32(16, true)
    })
  }

  up(): void {
    const { flags } = this.#request('SIOCGIFFLAGS', SIOCGIFFLAGS)
    this.#request('SIOCSIFFLAGS', SIOCSIFFLAGS, (request) => {
      request.flags = flags | IFF_UP
    })
  }

  /** Each IPv4 address of an interface needs a label of its own: the name, then `name:1` and so on. */
  addIpv4(prefix: IpPrefix, label: string): void {
    const address = (request: InterfaceRequest): void => {
      request.ipv4 = prefix.address.d
    }
    const netmask = (request: InterfaceRequest): void => {
      request.ipv4 = prefix.length === 0 ? 0 : -1 << (32 - prefix.length)
    }
    this.#request('SIOCSIFADDR', SIOCSIFADDR, address, label)
    this.#request('SIOCSIFNETMASK', SIOCSIFNETMASK, netmask, label)
  }

  addIpv6(prefix: IpPrefix): void {
    // struct in6_ifreq: the address, the length of the prefix, the interface's index.
    const octets = new Uint8Array(24)
    const view = new DataView(octets.buffer)
    prefix.address.write(octets, 0)
    view.setUint32(16, prefix.length, true)
    view.setInt32(20, this.index, true)
    this.#call(AF_INET6, 'SIOCSIFADDR', SIOCSIFADDR, octets)
  }

  #request(
    name: string,
    request: number,
    fill?: (request: InterfaceRequest) => void,
    label = this.name,
  ): InterfaceRequest {
    const argument = new InterfaceRequest(label)
    fill?.(argument)
    this.#call(AF_INET, name, request, argument.octets)
    return argument
  }

  #call(family: number, name: string, request: number, argument: Uint8Array): void {
    this.#withSocket(family, name, (socket) => this.#libc.ioctl(socket, request, argument))
  }

  #withSocket(family: number, name: string, use: (socket: number) => number): void {
    const type = family === AF_NETLINK ? SOCK_RAW : SOCK_DGRAM
    const socket = this.#libc.socket(family, type | SOCK_CLOEXEC, 0)
    if (socket < 0) throw new InterfaceError('socket', socket)
    try {
      const result = use(socket)
      if (result < 0) throw new InterfaceError(name, result)
    } finally {
      closeSync(socket)
    }
  }
}

/**
 * Brings up `lo`, which is down in a new network namespace: 127.0.0.1 and ::1 come with it.
 *
 * @throws TunError EPERM outside of a namespace of one's own.
 */
export async function setLoopbackUp(): Promise<void> {
  const libc = await loadLibc()
  try {
    new NetworkInterface(libc, 'lo').up()
  } catch (cause) {
    if (!(cause instanceof InterfaceError)) throw cause
    throw new TunError(errnoName(cause.errno), 'the loopback cannot be brought up: it takes CAP_NET_ADMIN', { cause })
  }
}
