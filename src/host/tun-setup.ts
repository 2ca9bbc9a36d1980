import { constants, openSync, readFileSync, writeFileSync } from 'node:fs'
import { endianness, networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { IpAddress, IpPrefix } from '../wire/address.ts'
import { NO_OFFLOAD, type OffloadCapability } from '../wire/offload.ts'
import type { Libc } from './ffi.ts'
import { InterfaceError, InterfaceRequest, NetworkInterface } from './network-interface.ts'
import { errnoName, TunError } from './tun-error.ts'
import { VNET_HEADER_LENGTH } from './vnet-header.ts'

// <linux/if_tun.h>
const TUNSETIFF = 0x400454ca
const TUNSETOFFLOAD = 0x400454d0
const TUNSETVNETHDRSZ = 0x400454d8
const IFF_TUN = 0x0001
const IFF_TAP = 0x0002
const IFF_MULTI_QUEUE = 0x0100
const IFF_NO_PI = 0x1000
const IFF_VNET_HDR = 0x4000
const TUN_F_CSUM = 1
const TUN_F_TSO4 = 2
const TUN_F_TSO6 = 4
const TUN_F_TSO_ECN = 8

const DEVICE = '/dev/net/tun'
const LEAST_MTU = 68
const LEAST_IPV6_MTU = 1280
const MOST_MTU = 65_535

/** How long an IPv6 address may take until it can be used, in ms. */
const TENTATIVE_LIMIT = 2000
const TENTATIVE_FLAG = 0x40

/** What is asked of a device, checked. */
export interface TunSettings {
  readonly name: string
  readonly mtu: number | undefined
  readonly txQueueLength: number
  /** Undefined: the interface was prepared by somebody else, and stays as it is. */
  readonly prefixes: readonly IpPrefix[] | undefined
  readonly medium: 'ip' | 'ethernet'
  readonly offload: boolean
  readonly multiQueue: boolean
}

/** What a user asks of a device. */
export interface TunRequest {
  readonly name: string
  readonly mtu: number | undefined
  readonly txQueueLength: number
  readonly addresses: readonly string[] | undefined
  readonly medium: 'ip' | 'ethernet'
  /** Undefined: as far as there is any. */
  readonly offload: boolean | undefined
  readonly multiQueue: boolean
}

/** Throws TunError EINVAL for a name, an MTU or an address that can't be, and for offload of Ethernet frames. */
export function checkSettings(request: TunRequest): TunSettings {
  const { name, mtu, txQueueLength, addresses, medium, multiQueue } = request
  if (!/^[^\s/:%]{1,15}$/.test(name.replace(/%d$/, '0')) || name === '.' || name === '..') {
    throw new TunError(
      'EINVAL',
      `"${name}" is no name for a network device: 1 to 15 characters, no space, "/", ":", "%"`,
    )
  }
  const prefixes = addresses?.map(parsePrefix)
  const least = prefixes?.some((prefix) => prefix.address.family === 6) ? LEAST_IPV6_MTU : LEAST_MTU
  if (mtu !== undefined && !(Number.isInteger(mtu) && mtu >= least && mtu <= MOST_MTU)) {
    throw new TunError('EINVAL', `the MTU must be ${least} to ${MOST_MTU}, not ${mtu}`)
  }
  if (!Number.isInteger(txQueueLength) || txQueueLength < 1) {
    throw new TunError('EINVAL', `the queue takes a whole number of frames from 1 on, not ${txQueueLength}`)
  }
  if (medium === 'ethernet' && request.offload) {
    throw new TunError('EINVAL', 'a device of Ethernet frames has no offload here: leave one of the two out')
  }
  const offload = request.offload ?? medium === 'ip'
  return { name, mtu, txQueueLength, prefixes, medium, offload, multiQueue }
}

function parsePrefix(text: string): IpPrefix {
  const prefix = IpPrefix.parse(text)
  if (prefix === undefined) {
    throw new TunError('EINVAL', `"${text}" is no address in CIDR notation, as 10.77.0.1/24 and fd77::1/64 are`)
  }
  return prefix
}

/** Throws TunError ERR_UNSUPPORTED_PLATFORM. */
export function checkPlatform(platform: string = process.platform, order: string = endianness()): void {
  if (platform === 'linux' && order === 'LE') return
  const what = platform === 'linux' ? 'a big-endian Linux' : platform
  throw new TunError(
    'ERR_UNSUPPORTED_PLATFORM',
    `estab knows TUN devices on little-endian Linux only, and this is ${what}`,
  )
}

/** Opens the device that makes devices; nothing is read and nothing waited for. */
export function openDevice(path: string = DEVICE): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'EIO'
    throw new TunError(code, `${path} cannot be opened: ${OPEN_FAILURES[code] ?? code}`, { cause })
  }
}

const OPEN_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there. Load the module (modprobe tun), or give the container the device (--device /dev/net/tun)',
  ENODEV: 'the kernel has no TUN driver. Load it: modprobe tun',
  ENXIO: 'the kernel has no TUN driver. Load it: modprobe tun',
  EACCES: 'permission denied. Run as root (sudo), or have root allow every user: chmod 0666 /dev/net/tun',
  EPERM: 'operation not permitted. A container needs --device /dev/net/tun and --cap-add NET_ADMIN',
  EMFILE: 'this process has too many files open. Close some, or raise its limit: ulimit -n',
}

/** A device that was attached to. */
export interface AttachedDevice {
  /** In which %d has become a number. */
  readonly name: string
  readonly offload: OffloadCapability
  /** Why it has less offload than was asked for. */
  readonly offloadRefusal: string | undefined
  /** Octets of virtio's header before each frame. */
  readonly headroom: number
}

/** Makes the device, or takes over one that was prepared. */
export function attachDevice(libc: Libc, fd: number, settings: TunSettings): AttachedDevice {
  const { medium, multiQueue } = settings
  const request = new InterfaceRequest(settings.name)
  const kind = medium === 'ip' ? IFF_TUN : IFF_TAP
  // All queues of a device have it, or none: the others may be somebody's with offload.
  const headroom = settings.offload || multiQueue ? VNET_HEADER_LENGTH : 0
  request.flags = kind | IFF_NO_PI | (headroom > 0 ? IFF_VNET_HDR : 0) | (multiQueue ? IFF_MULTI_QUEUE : 0)
  const result = libc.ioctl(fd, TUNSETIFF, request.octets)
  if (result < 0) throw attachError(errnoName(result), settings)
  // 10 octets are what it has without being told, where it does not know the request.
  if (headroom > 0) libc.ioctl(fd, TUNSETVNETHDRSZ, new Uint8Array([VNET_HEADER_LENGTH, 0, 0, 0]))
  return { name: request.name, headroom, ...negotiateOffload(libc, fd, settings.offload) }
}

/** What the kernel is asked to leave to us, the most first. Not UDP's segmentation: datagrams come one by one. */
const OFFERS: readonly (readonly [features: number, offload: OffloadCapability])[] = [
  [TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN, { checksum: true, segmentation: MOST_MTU }],
  [TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, { checksum: true, segmentation: MOST_MTU }],
  [TUN_F_CSUM, { checksum: true, segmentation: 0 }],
]

/** As much as the kernel takes. A device that was prepared keeps no features of its user before. */
function negotiateOffload(libc: Libc, fd: number, wanted: boolean): Omit<AttachedDevice, 'name' | 'headroom'> {
  let refusal: string | undefined
  for (const [features, offload] of wanted ? OFFERS : []) {
    const result = libc.ioctlValue(fd, TUNSETOFFLOAD, features)
    if (result >= 0) return { offload, offloadRefusal: offload.segmentation > 0 ? undefined : refusal }
    refusal = `the kernel's TUN driver refuses ${describe(offload)}: ${errnoName(result)}`
  }
  libc.ioctlValue(fd, TUNSETOFFLOAD, 0)
  return { offload: NO_OFFLOAD, offloadRefusal: refusal }
}

function describe({ segmentation }: OffloadCapability): string {
  return segmentation > 0 ? 'segments of 64 KiB' : 'checksum offload'
}

function attachError(code: string, { name, multiQueue }: TunSettings): TunError {
  if (code === 'EPERM') {
    return new TunError(
      code,
      `making the TUN device ${name} is not permitted: it takes CAP_NET_ADMIN. Run as root (sudo), or have root ` +
        `prepare it for you: ip tuntap add dev NAME mode tun user ${process.env.USER ?? 'YOU'}`,
    )
  }
  if (code === 'EBUSY') {
    return new TunError(code, `the TUN device ${name} is in use by another process: take another name, or end that one`)
  }
  if (code === 'EINVAL') {
    const queues = multiQueue ? 'of several queues' : 'of one queue'
    return new TunError('EBUSY', `${name} is a network device already, and no TUN device ${queues}: take another name`)
  }
  return new TunError(code, `the TUN device ${name} cannot be made: ${code}`)
}

/** Throws TunError EADDRINUSE when one of the addresses is another interface's. */
export function checkAddresses(settings: TunSettings): void {
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    // A further IPv4 address of estab0 stands there as estab0:1.
    for (const entry of name.split(':')[0] === settings.name ? [] : (entries ?? [])) {
      const own = IpAddress.parse(entry.address)
      const clash = settings.prefixes?.find((prefix) => own !== undefined && prefix.address.equals(own))
      if (clash === undefined) continue
      throw new TunError('EADDRINUSE', `${clash.address} is an address of ${name} already: choose another one`)
    }
  }
}

/** Sets MTU and queue, brings the interface up and gives it its addresses, which work when this returns. */
export async function configureInterface(libc: Libc, name: string, settings: TunSettings): Promise<NetworkInterface> {
  const device = new NetworkInterface(libc, name)
  try {
    if (settings.prefixes !== undefined) {
      quietIpv6(name)
      device.txQueueLength = settings.txQueueLength
    }
    if (settings.mtu !== undefined) device.mtu = settings.mtu
    if (settings.prefixes !== undefined) {
      device.up()
      addAddresses(device, settings.prefixes)
    }
  } catch (error) {
    throw error instanceof InterfaceError ? configureError(error, name) : error
  }
  if (settings.prefixes?.some((prefix) => prefix.address.family === 6)) await untilUsable(name)
  return device
}

function addAddresses(device: NetworkInterface, prefixes: readonly IpPrefix[]): void {
  let ipv4 = 0
  for (const prefix of prefixes) {
    if (prefix.address.family === 6) device.addIpv6(prefix)
    else device.addIpv4(prefix, ipv4++ === 0 ? device.name : `${device.name}:${ipv4 - 1}`)
  }
}

function configureError(error: InterfaceError, name: string): TunError {
  const code = errnoName(error.errno)
  if (code === 'EPERM') {
    return new TunError(
      code,
      `setting up ${name} is not permitted: it takes CAP_NET_ADMIN. Run as root (sudo), or have root set up the ` +
        'device, and give no address for it',
      { cause: error },
    )
  }
  if (error.request === 'socket' || (code === 'EACCES' && error.request === 'SIOCSIFADDR')) {
    return new TunError(code, `IPv6 is turned off on this machine: leave out the IPv6 addresses`, { cause: error })
  }
  if (code === 'EEXIST') {
    return new TunError(code, `an address of ${name} was given twice, or is there already`, { cause: error })
  }
  return new TunError(code, `${name} cannot be set up: ${error.request} failed with ${code}`, { cause: error })
}

/**
 * No link-local address, no router solicitations, no duplicate address detection: nobody else is on this link. Where
 * these settings are read-only the device works, with some chatter.
 */
function quietIpv6(name: string): void {
  const settings = { disable_ipv6: 0, addr_gen_mode: 1, accept_ra: 0, autoconf: 0, accept_dad: 0 }
  for (const [setting, value] of Object.entries(settings)) {
    try {
      writeFileSync(`/proc/sys/net/ipv6/conf/${name}/${setting}`, String(value))
    } catch {}
  }
}

/** The kernel takes a moment, in the background, to give an IPv6 address free for use. */
async function untilUsable(name: string): Promise<void> {
  for (let waited = 0; waited < TENTATIVE_LIMIT && isTentative(name); waited++) await sleep(1)
}

/** Each line: address, index, prefix length, scope, flags, name; the numbers in hex. */
function isTentative(name: string): boolean {
  const lines = readFileSync('/proc/net/if_inet6', 'utf8').split('\n')
  return lines.some((line) => {
    const [, , , , flags, device] = line.trim().split(/\s+/)
    return device === name && (Number.parseInt(flags!, 16) & TENTATIVE_FLAG) !== 0
  })
}
