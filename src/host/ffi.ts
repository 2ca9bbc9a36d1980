import type { Landing } from '../wire/landing.ts'
import type { Payload } from '../wire/payload.ts'
import type { UringCalls } from './io-uring.ts'
import { Addresses, IoVector } from './io-vector.ts'
import { TunError } from './tun-error.ts'
import { bindUring } from './uring-calls.ts'

/**
 * The few functions of the C library that Node does not have. They return what the kernel returns: a number from 0 on,
 * or the negative errno.
 */
export interface Libc {
  read(fd: number, into: Uint8Array, count: number): number
  /** Reads into[0] up to into[textAt], what follows into `landing`, and the rest behind where that would be in `into`. */
  readScattered(fd: number, into: Uint8Array, textAt: number, landing: Landing): number
  /** Writes octets[start] up to octets[end]. */
  write(fd: number, octets: Uint8Array, start: number, end: number): number
  /** Writes octets[start] up to octets[end] and `payload` behind that, as one. */
  writeGathered(fd: number, octets: Uint8Array, start: number, end: number, payload: Payload): number
  socket(domain: number, type: number, protocol: number): number
  /** With a structure, which the kernel may write to. */
  ioctl(fd: number, request: number, structure: Uint8Array): number
  /** With a plain number. */
  ioctlValue(fd: number, request: number, value: number): number
  /** Calls back in the event loop whenever `fd` is ready: for reading always, for writing when asked for. */
  watch(fd: number, onReady: (writable: boolean) => void): Watch
  readonly uring?: UringCalls
}

export interface Watch {
  /** Whether to call back, too, when there is room for writing. */
  wantWritable(wanted: boolean): void
  /** It does not keep the process alive. */
  unref(): void
  close(): void
}

let loaded: Promise<Libc> | undefined

/**
 * The C library through koffi, which is loaded when it is first needed: the rest of estab runs where koffi does not.
 *
 * @throws TunError with the code ERR_FFI_UNAVAILABLE.
 */
export function loadLibc(): Promise<Libc> {
  loaded ??= load()
  return loaded
}

type Koffi = typeof import('koffi')

async function load(): Promise<Libc> {
  try {
    return bind(await import('koffi'))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new TunError(
      'ERR_FFI_UNAVAILABLE',
      `koffi, through which estab calls the kernel, does not load on ${process.platform}-${process.arch}: ${reason}. ` +
        'Its binary comes as an optional package: install again without --omit=optional',
      { cause },
    )
  }
}

type Transfer = (fd: number, octets: Uint8Array, count: number) => number
type VectorTransfer = (fd: number, pieces: Uint32Array, count: number) => number

function bind(koffi: Koffi): Libc {
  const library = koffi.load(null)
  // Counts are declared to be int: none here comes near 2^31, and koffi then makes no BigInt.
  const read: Transfer = library.func('read', 'int', ['int', 'void *', 'size_t'])
  // By address: a view of each frame would cost more than the call.
  const write: (fd: number, address: number, count: number) => number = library.func('write', 'int', [
    'int',
    'uintptr_t',
    'size_t',
  ])
  const readv: VectorTransfer = library.func('readv', 'int', ['int', 'void *', 'int'])
  const writev: VectorTransfer = library.func('writev', 'int', ['int', 'void *', 'int'])
  const addresses = new Addresses((octets) => Number(koffi.address(octets)))
  const vector = new IoVector(addresses, koffi.sizeof('void *'))
  const socket: Libc['socket'] = library.func('socket', 'int', ['int', 'int', 'int'])
  const ioctl: Libc['ioctl'] = library.func('ioctl', 'int', ['int', 'ulong', 'void *'])
  const ioctlValue: Libc['ioctlValue'] = library.func('ioctl', 'int', ['int', 'ulong', 'ulong'])
  const result = (value: number): number => (value < 0 ? -koffi.errno() : value)
  return {
    read: (fd, into, count) => result(read(fd, into, count)),
    readScattered: (fd, into, textAt, landing) => {
      const count = vector.scatter(into, textAt, landing)
      return result(readv(fd, vector.words, count))
    },
    write: (fd, octets, start, end) => result(write(fd, addresses.of(octets) + start, end - start)),
    writeGathered: (fd, octets, start, end, payload) => {
      const count = vector.fill(octets, start, end, payload)
      return result(writev(fd, vector.words, count))
    },
    socket: (domain, type, protocol) => result(socket(domain, type, protocol)),
    ioctl: (fd, request, structure) => result(ioctl(fd, request, structure)),
    ioctlValue: (fd, request, value) => result(ioctlValue(fd, request, value)),
    watch: (fd, onReady) => watch(koffi, fd, onReady),
    uring: bindUring(koffi, (octets) => addresses.of(octets), result),
  }
}

function watch(koffi: Koffi, fd: number, onReady: (writable: boolean) => void): Watch {
  let writableWanted = false
  let soon: NodeJS.Immediate | undefined
  const run = (): void => {
    soon = undefined
    onReady(writableWanted)
  }
  // Koffi calls from outside of Node's callback scopes: an exception would be lost, ticks would wait, and what opens a scope
  // within (TLS over a stream does) would find the async context in disorder and abort the process. The same turn of the
  // event loop has immediates next. The callback's arguments differ between koffi's declaration and its code: none is used.
  const callback = (): void => {
    soon ??= setImmediate(run)
  }
  const handle = koffi.node.poll(fd, { readable: true }, callback)
  return {
    wantWritable: (wanted) => {
      if (wanted === writableWanted) return
      writableWanted = wanted
      handle.start({ readable: true, writable: wanted }, callback)
    },
    unref: () => handle.unref(),
    close: () => {
      clearImmediate(soon)
      handle.close()
    },
  }
}
