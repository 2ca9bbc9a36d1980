import { closeSync } from 'node:fs'
import { ETHERNET_HEADER_LENGTH } from '../wire/ethernet.ts'
import { loadLibc } from './ffi.ts'
import { NO_RINGS, openFrameRings } from './frame-rings.ts'
import { TunError } from './tun-error.ts'
import { BATCH, TunLink } from './tun-link.ts'
import {
  attachDevice,
  checkAddresses,
  checkPlatform,
  checkSettings,
  configureInterface,
  openDevice,
} from './tun-setup.ts'

export { type TunCounters, type TunDevice, TunLink } from './tun-link.ts'

export interface TunOptions {
  /** The device's name, at most 15 characters. `estab%d` by default: the kernel puts the first free number there. */
  name?: string
  /**
   * The kernel's own addresses on this interface, in CIDR notation: `['10.77.0.1/24', 'fd77::1/64']`. With a list, be it
   * empty, the interface is set up and brought up. Without one it stays as it is: somebody prepared it.
   */
  addresses?: readonly string[]
  /** Octets, 68 to 65,535; 1280 at least with IPv6. 1500 by default, or that of the prepared device. */
  mtu?: number
  /**
   * Frames that wait in the kernel for this process, 16,384 by default; more are lost. That outlasts what keeps a process
   * from its turn: 80 ms at 200,000 frames a second. It does not help against more frames than can be processed.
   */
  txQueueLength?: number
  /** What its frames are: IP packets (TUN), or Ethernet's (TAP), which have no offload here. Default 'ip'. */
  medium?: 'ip' | 'ethernet'
  /**
   * Checksums are left to the kernel, and TCP comes and goes in frames of up to 64 KiB, which the kernel puts together and
   * cuts: as far as it can, which the link's `offload` tells, and `offloadRefusal` why not further. On by default, but
   * for Ethernet frames. A stack that forwards needs it off.
   */
  offload?: boolean
  /** Frames read at once, before others have their turn: 128 by default. */
  batch?: number
  /**
   * Microseconds, 0 to 1000, that the event loop goes round after frames came, rather than sleep until the next ones: 50 by
   * default, 0 for never. It is left alone where it has been in vain; others' work goes on meanwhile.
   */
  busyPoll?: number
  /**
   * Several frames are read and written by one system call, through io_uring, where the kernel lets this process have it; the
   * link's `ringRefusal` tells why it does not. On by default.
   */
  ioUring?: boolean
  /** The device may have several queues, each opened by another call or process with the same name. Off by default. */
  multiQueue?: boolean
}

const TX_QUEUE_LENGTH = 16_384

/** How long is looked for more frames before the event loop sleeps, µs; and the most that may be asked for. */
const BUSY_POLL = 50
const LONGEST_BUSY_POLL = 1000

/**
 * Opens a Linux TUN device: a network interface whose other end is this process. The device goes away with `close()`, or
 * with the process, unless it was made to stay.
 *
 * @throws TunError
 */
export async function openTun(options: TunOptions = {}): Promise<TunLink> {
  checkPlatform()
  const { name = 'estab%d', txQueueLength = TX_QUEUE_LENGTH, addresses, medium = 'ip', multiQueue = false } = options
  const mtu = options.mtu ?? (addresses === undefined ? undefined : 1500)
  const { offload, batch = BATCH, busyPoll = BUSY_POLL, ioUring = true } = options
  checkBatch(batch)
  checkBusyPoll(busyPoll)
  const settings = checkSettings({ name, mtu, txQueueLength, addresses, medium, offload, multiQueue })
  const libc = await loadLibc()
  const fd = openDevice()
  try {
    checkAddresses(settings)
    const attached = attachDevice(libc, fd, settings)
    const device = await configureInterface(libc, attached.name, settings)
    const { index, mtu: length } = device
    const header = attached.headroom + (medium === 'ethernet' ? ETHERNET_HEADER_LENGTH : 0)
    const longest = attached.offload.checksum ? undefined : header + length
    const rings = ioUring ? openFrameRings(libc.uring, fd, longest) : NO_RINGS
    return new TunLink(libc, fd, { ...attached, index, mtu: length, medium, batch, busyPoll: busyPoll / 1000, rings })
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function checkBatch(batch: number): void {
  if (Number.isInteger(batch) && batch >= 1) return
  throw new TunError('EINVAL', `a whole number of frames, from 1 on, is read at once, not ${batch}`)
}

function checkBusyPoll(microseconds: number): void {
  if (microseconds >= 0 && microseconds <= LONGEST_BUSY_POLL) return
  const wanted = `for 0 to ${LONGEST_BUSY_POLL} µs can more frames be looked for`
  throw new TunError('EINVAL', `${wanted}, not ${microseconds}`)
}
