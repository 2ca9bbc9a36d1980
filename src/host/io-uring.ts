import { errnoName } from './tun-error.ts'

/**
 * The system calls of io_uring, for which the C library has no functions. They return what the kernel returns: a number from
 * 0 on, or the negative errno.
 */
export interface UringCalls {
  /** @param parameters a `struct io_uring_params`, which the kernel completes. */
  setup(entries: number, parameters: Uint32Array): number
  /** Carries out `count` requests, and waits for none. */
  enter(ring: number, count: number): number
  register(ring: number, what: number, structure: Uint32Array | null, count: number): number
  /** Memory that is shared with the kernel, or the negative errno. */
  map(ring: number, octets: number, offset: number): Shared | number
  /** Nobody may touch its words afterwards. */
  unmap(memory: Shared): void
  close(ring: number): void
  addressOf(octets: Uint8Array): number
}

export interface Shared {
  readonly address: number
  readonly words: Uint32Array
}

// <linux/io_uring.h>
const SETUP_SUBMIT_ALL = 1 << 7
const OFFSET_RINGS = 0
const OFFSET_ENTRIES = 0x1000_0000
const REGISTER_BUFFERS = 0
const REGISTER_FILES = 2
const UNREGISTER_FILES = 3
const FIXED_FILE = 1
const SKIP_SUCCESS = 1 << 6
const RWF_NOWAIT = 8
/** `struct io_uring_params`, `_sqe`, `_cqe` in words of 32 bits. */
const PARAMETERS = 30
const ENTRY = 16
const COMPLETION = 4

/** IORING_OP_READ_FIXED, and WRITE_FIXED: to memory that was registered, and from it. */
export const READ_FIXED = 4
export const WRITE_FIXED = 5
export const READ = 22
export const WRITE = 23

const REFUSALS: Readonly<Record<string, string>> = {
  ENOSYS: 'the kernel, or the container that forbids it, has no such call',
  EPERM: 'it is forbidden here, by the container or by kernel.io_uring_disabled',
  ENOMEM: 'it needs more locked memory than the limit (ulimit -l) leaves',
  EINVAL: 'the kernel is too old for it',
}

/** Why a ring can't be had, as part of a sentence. */
function refusal(call: string, result: number): string {
  const code = errnoName(result)
  return `${call} fails with ${code}${code in REFUSALS ? `: ${REFUSALS[code]}` : ''}`
}

/**
 * Requests of one kind to one file that never wait, and are carried out one after another within the one system call that
 * hands them over: none is pending outside of `submit`. What the kernel reads and writes here it does within that call, in this
 * thread, so plain loads and stores do.
 */
export class IoUring {
  /** Requests that are handed over together at the most: a power of two. */
  readonly size: number
  readonly #calls: UringCalls
  readonly #fd: number
  readonly #rings: Shared
  readonly #entries: Shared
  readonly #words: Uint32Array
  readonly #results: Int32Array
  // Where they are, in words.
  readonly #head: number
  readonly #tail: number
  readonly #doneHead: number
  readonly #doneTail: number
  readonly #done: number
  readonly #doneMask: number
  #next: number

  /**
   * A ring, or why there is none.
   *
   * @param file what the requests are for.
   */
  static open(calls: UringCalls, size: number, file: number): IoUring | string {
    const parameters = new Uint32Array(PARAMETERS)
    parameters[2] = SETUP_SUBMIT_ALL
    const fd = calls.setup(size, parameters)
    if (fd < 0) return refusal('io_uring_setup', fd)
    const octets = Math.max(parameters[16]! + 4 * parameters[0]!, parameters[25]! + 16 * parameters[1]!)
    const rings = calls.map(fd, octets, OFFSET_RINGS)
    const entries = calls.map(fd, 4 * ENTRY * parameters[0]!, OFFSET_ENTRIES)
    const registered = calls.register(fd, REGISTER_FILES, Uint32Array.of(file), 1)
    if (typeof rings === 'object' && typeof entries === 'object' && registered >= 0) {
      return new IoUring(calls, fd, parameters, rings, entries)
    }
    for (const memory of [rings, entries]) if (typeof memory === 'object') calls.unmap(memory)
    calls.close(fd)
    if (typeof rings === 'number') return refusal('mmap', rings)
    return typeof entries === 'number' ? refusal('mmap', entries) : refusal('io_uring_register', registered)
  }

  private constructor(calls: UringCalls, fd: number, parameters: Uint32Array, rings: Shared, entries: Shared) {
    this.#calls = calls
    this.#fd = fd
    this.#rings = rings
    this.#entries = entries
    this.#words = rings.words
    this.#results = new Int32Array(rings.words.buffer, rings.words.byteOffset, rings.words.length)
    this.size = parameters[0]!
    this.#head = parameters[10]! / 4
    this.#tail = parameters[11]! / 4
    this.#doneHead = parameters[20]! / 4
    this.#doneTail = parameters[21]! / 4
    this.#doneMask = parameters[1]! - 1
    this.#done = parameters[25]! / 4
    this.#next = this.#words[this.#tail]!
    for (let i = 0; i < this.size; i++) this.#words[parameters[16]! / 4 + i] = i
  }

  /** Makes `octets` at `address` memory for READ_FIXED and WRITE_FIXED, once. Returns a number from 0 on, or the negative errno. */
  registerMemory(octets: Uint8Array, address: number): number {
    const vector = Uint32Array.of(address % 2 ** 32, address / 2 ** 32, octets.length, 0)
    return this.#calls.register(this.#fd, REGISTER_BUFFERS, vector, 1)
  }

  /** The place, 0 up to `size`, of the request that is added next. */
  get place(): number {
    return this.#next & (this.size - 1)
  }

  /**
   * What the request at a place is, each time that it is added.
   *
   * @param quiet it completes without a word where it succeeds.
   */
  prepare(place: number, operation: number, address: number, length: number, quiet: boolean): void {
    const { words } = this.#entries
    const at = ENTRY * place
    words.fill(0, at, at + ENTRY)
    words[at] = operation | ((quiet ? FIXED_FILE | SKIP_SUCCESS : FIXED_FILE) << 8)
    words[at + 7] = RWF_NOWAIT
    words[at + 8] = place
    this.aim(place, address, length)
  }

  /** Changes where the octets of the request at a place are. */
  aim(place: number, address: number, length: number): void {
    const { words } = this.#entries
    const at = ENTRY * place
    words[at + 4] = address
    words[at + 5] = address / 2 ** 32
    words[at + 6] = length
  }

  /** Adds the next `count` requests, `size` at the most. */
  add(count: number): void {
    this.#next = (this.#next + count) >>> 0
  }

  /** Has what was added carried out. Returns for how many that was done, or the negative errno; the others are withdrawn. */
  submit(count: number): number {
    this.#words[this.#tail] = this.#next
    const result = this.#calls.enter(this.#fd, count)
    if (result !== count) {
      this.#next = this.#words[this.#head]!
      this.#words[this.#tail] = this.#next
    }
    return result
  }

  /** How many completions there are, until `clear`. */
  get completions(): number {
    return (this.#words[this.#doneTail]! - this.#words[this.#doneHead]!) >>> 0
  }

  /** Of the completion `index`: at which place its request is. */
  placeOf(index: number): number {
    return this.#words[this.#completion(index)]!
  }

  /** Of the completion `index`: octets, or the negative errno. */
  resultOf(index: number): number {
    return this.#results[this.#completion(index) + 2]!
  }

  #completion(index: number): number {
    return this.#done + COMPLETION * ((this.#words[this.#doneHead]! + index) & this.#doneMask)
  }

  clear(): void {
    this.#words[this.#doneHead] = this.#words[this.#doneTail]!
  }

  /** It must not be used afterwards. */
  close(): void {
    // The kernel ends a ring in the background, and the file with it.
    this.#calls.register(this.#fd, UNREGISTER_FILES, null, 0)
    this.#calls.unmap(this.#rings)
    this.#calls.unmap(this.#entries)
    this.#calls.close(this.#fd)
  }
}
