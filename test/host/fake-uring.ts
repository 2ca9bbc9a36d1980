import type { Shared, UringCalls } from '../../src/host/io-uring.ts'

export interface Request {
  readonly operation: number
  readonly octets: Uint8Array
}

const SUBMIT = { head: 0, tail: 4, array: 1024 }
const DONE = { head: 16, tail: 20, entries: 2048 }
const QUIET = 1 << 6

/** A kernel with one ring, which does with each request what a test says. */
export class FakeUring implements UringCalls {
  /** Octets, or the negative errno. */
  carryOut: (request: Request) => number = ({ octets }) => octets.length
  /** Whether there is a ring, and memory that may be registered. */
  setupResult = 50
  registerResults: number[] = []
  /** For how many requests there is memory in the next calls, or the negative errno. */
  rooms: number[] = []
  calls = 0
  mapped = 0
  /** Rings that are open. */
  open = 0
  readonly operations: number[] = []
  #size = 0
  #rings = new Uint32Array(0)
  #entries = new Uint32Array(0)
  readonly #arrays: Uint8Array[] = []

  setup(entries: number, parameters: Uint32Array): number {
    this.#size = entries
    parameters[0] = entries
    parameters[1] = 2 * entries
    parameters[10] = SUBMIT.head
    parameters[11] = SUBMIT.tail
    parameters[16] = SUBMIT.array
    parameters[20] = DONE.head
    parameters[21] = DONE.tail
    parameters[25] = DONE.entries
    if (this.setupResult >= 0) this.open++
    return this.setupResult
  }

  map(_ring: number, octets: number, offset: number): Shared {
    this.mapped++
    const words = new Uint32Array(octets / 4)
    // Counters that are about to begin anew.
    if (offset === 0) words[SUBMIT.tail / 4] = words[SUBMIT.head / 4] = 2 ** 32 - 3
    if (offset === 0) words[DONE.tail / 4] = words[DONE.head / 4] = 2 ** 32 - 5
    if (offset === 0) this.#rings = words
    else this.#entries = words
    return { address: offset, words }
  }

  unmap({ words }: Shared): void {
    this.mapped--
    words.fill(0xdead_beef)
  }

  register(): number {
    return this.registerResults.shift() ?? 0
  }

  close(): void {
    this.open--
  }

  /** Each array is 2^40 apart. */
  addressOf(octets: Uint8Array): number {
    if (!this.#arrays.includes(octets)) this.#arrays.push(octets)
    return (this.#arrays.indexOf(octets) + 1) * 2 ** 40 + 2 ** 32 - 100
  }

  enter(_ring: number, count: number): number {
    this.calls++
    const room = this.rooms.shift() ?? count
    if (room < 0) return room
    const done = Math.min(room, count)
    for (let i = 0; i < done; i++) this.#next()
    return done
  }

  #next(): void {
    const rings = this.#rings
    const head = rings[SUBMIT.head / 4]!++
    const place = rings[SUBMIT.array / 4 + (head & (this.#size - 1))]!
    const entry = this.#entries.subarray(16 * place, 16 * place + 16)
    this.operations.push(entry[0]! & 0xff)
    const address = entry[4]! + entry[5]! * 2 ** 32 - (2 ** 32 - 100)
    const array = this.#arrays[Math.floor(address / 2 ** 40) - 1]
    const at = address % 2 ** 40
    const octets = array?.subarray(at, at + entry[6]!) ?? new Uint8Array(0)
    const result = this.carryOut({ operation: entry[0]! & 0xff, octets })
    if (result >= 0 && ((entry[0]! >>> 8) & QUIET) !== 0) return
    const tail = rings[DONE.tail / 4]!++
    const at32 = DONE.entries / 4 + 4 * (tail & (2 * this.#size - 1))
    rings[at32] = entry[8]!
    rings[at32 + 2] = result
  }
}
