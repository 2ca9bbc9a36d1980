import { TunError } from './tun-error.ts'

/**
 * The few functions of the C library that Node does not have. They return what the kernel returns: a number from 0 on,
 * or the negative errno.
 */
export interface Libc {
  read(fd: number, into: Uint8Array, count: number): number
  write(fd: number, octets: Uint8Array, count: number): number
  /** The argument is a structure, which the kernel may write to, or a number. */
  ioctl(fd: number, request: number, argument: Uint8Array | number): number
  socket(domain: number, type: number, protocol: number): number
  /** Calls back in the event loop whenever `fd` is ready: for reading always, for writing when asked for. */
  watch(fd: number, onReady: (writable: boolean) => void): Watch
}

export interface Watch {
  /** Whether to call back, too, when there is room for writing. */
  wantWritable(wanted: boolean): void
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
    const koffi = await import('koffi')
    return bind(koffi)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new TunError(
      'ERR_FFI_UNAVAILABLE',
      `koffi, through which estab calls the kernel, does not load on ${process.platform}-${process.arch}: ${reason}. ` +
        'Run npm install again, without --omit=optional: the binary comes in an optional package',
      { cause },
    )
  }
}

function bind(koffi: Koffi): Libc {
  const library = koffi.load(null)
  // The results are declared int: no count here comes near 2^31, and a plain int costs no BigInt.
  const read: (fd: number, into: Uint8Array, count: number) => number = library.func('int read(int, void *, size_t)')
  const write: typeof read = library.func('int write(int, const void *, size_t)')
  const socket: (domain: number, type: number, protocol: number) => number = library.func('int socket(int, int, int)')
  const ioctl: typeof read = library.func('int ioctl(int, unsigned long, void *)')
  const ioctlNumber: typeof socket = koffi.load(null).func('int ioctl(int, unsigned long, unsigned long)')
  const result = (value: number): number => (value < 0 ? -koffi.errno() : value)
  return {
    read: (fd, into, count) => result(read(fd, into, count)),
    write: (fd, octets, count) => result(write(fd, octets, count)),
    socket: (domain, type, protocol) => result(socket(domain, type, protocol)),
    ioctl: (fd, request, argument) =>
      result(
        typeof argument === 'number'
          ? ioctlNumber(fd, request, argument)
          : (ioctl as unknown as (fd: number, request: number, argument: Uint8Array) => number)(fd, request, argument),
      ),
    watch: (fd, onReady) => watch(koffi, fd, onReady),
  }
}
