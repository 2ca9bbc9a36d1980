import { Buddies } from './buddies.ts'
import { type WasmChecksum, wasmChecksum } from './checksum-wasm.ts'
import { EMPTY } from './octets.ts'

/** Log2 of the octets of WebAssembly memory: of what was never used it takes the addresses only. */
const LENGTH = 25
/** Log2 of the least that is given out. */
const LEAST = 14

/** In place of where an array lies in the arena: it lies elsewhere. */
export const ELSEWHERE = -1

/** What sums and copies octets of the arena; undefined as long as nobody has any. */
let wasm: WasmChecksum | undefined
let pieces: Buddies | undefined
// A piece is free once nobody has its array any more.
const registry: FinalizationRegistry<number> = new FinalizationRegistry((block) => pieces!.giveBack(block))

/**
 * An array of `length` octets, of whatever value, where WebAssembly can sum and copy them; if it cannot be had, or there is no
 * room, any array. The array itself keeps the octets: a view of them must not outlive it.
 */
export function arenaOctets(length: number): Uint8Array {
  pieces ??= make()
  const blocks = Math.max(1, Math.ceil(length / 2 ** LEAST))
  const block = pieces.take(32 - Math.clz32(blocks - 1))
  if (block < 0) return new Uint8Array(length)
  const octets = new Uint8Array(wasm!.memory.buffer, block << LEAST, length)
  registry.register(octets, block)
  return octets
}

function make(): Buddies {
  wasm = wasmChecksum(2 ** (LENGTH - 16))
  const all = new Buddies(LENGTH - LEAST)
  if (wasm === undefined) all.take(LENGTH - LEAST)
  return all
}

// Where the arrays seen last lie: a frame that comes, one that goes, and a send buffer or two. To ask an array for its
// buffer takes longer than to sum a header.
let first: Uint8Array = EMPTY
let second: Uint8Array = EMPTY
let third: Uint8Array = EMPTY
let fourth: Uint8Array = EMPTY
let firstPlace: number = ELSEWHERE
let secondPlace: number = ELSEWHERE
let thirdPlace: number = ELSEWHERE
let fourthPlace: number = ELSEWHERE

/** Where in the arena `octets` begins; {@link ELSEWHERE}. Keeps the last four arrays from collection. */
export function placeOf(octets: Uint8Array): number {
  if (octets === first) return firstPlace
  if (octets === second) return secondPlace
  if (octets === third) return thirdPlace
  if (octets === fourth) return fourthPlace
  return look(octets)
}

function look(octets: Uint8Array): number {
  fourth = third
  fourthPlace = thirdPlace
  third = second
  thirdPlace = secondPlace
  second = first
  secondPlace = firstPlace
  first = octets
  firstPlace = octets.buffer === wasm?.memory.buffer ? octets.byteOffset : ELSEWHERE
  return firstPlace
}

/** The sum of the arena's octets from `at` up to `end`, as 16-bit words, folded to 16 bits. */
export function sumInArena(at: number, end: number): number {
  return wasm!.sum(at, end)
}

/** The same, and copies them to `to`. */
export function copyInArena(at: number, end: number, to: number): number {
  return wasm!.copy(at, end, to)
}

/** What sums and copies in the arena, for whoever has a {@link placeOf} there. */
export function arenaCode(): WasmChecksum {
  return wasm!
}
