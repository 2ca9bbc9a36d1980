import { closeSync } from 'node:fs'
import type { IpPrefix } from '../wire/address.ts'
import { writeUint32 } from '../wire/octets.ts'
import { type Libc, loadLibc } from './ffi.ts'

// <linux/sockios.h>
const SIOCGIFFLAGS = 0x8913
const SIOCSIFFLAGS = 0x8914
const SIOCSIFADDR = 0x8916
const SIOCSIFNETMASK = 0x891c
const SIOCGIFMTU = 0x8921
const SIOCSIFMTU = 0x8922
const SIOCGIFINDEX = 0x8933
const SIOCSIFTXQLEN = 0x8943

const AF_INET = 2
const AF_INET6 = 10
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0x80000
const IFF_UP = 1

/** Octets of `struct ifreq`: the interface's name in 16, and a union. */
const IFREQ_LENGTH = 40
const NAME_LENGTH = 16

/** A call of the kernel that failed. */
export class IoctlError extends Error {
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
 * Reads and sets a network interface of this namespace through ioctl, so that no `ip` program is needed. Every method
 * throws an {@link IoctlError} when the kernel refuses.
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

  /** Frames. */
  set txQueueLength(frames: number) {
    this.#request('SIOCSIFTXQLEN', SIOCSIFTXQLEN, (request) => {
      request.int = frames
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
    const socket = this.#libc.socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)
    if (socket < 0) throw new IoctlError('socket', socket)
    try {
      const result = this.#libc.ioctl(socket, request, argument)
      if (result < 0) throw new IoctlError(name, result)
    } finally {
      closeSync(socket)
    }
  }
}

/** Brings up `lo`, which is down in a new network namespace: 127.0.0.1 and ::1 come with it. */
export async function setLoopbackUp(): Promise<void> {
  new NetworkInterface(await loadLibc(), 'lo').up()
}
