/**
 * WebAssembly modules put together when the program loads, instruction by instruction, rather than kept as blobs that
 * nobody can read.
 */

export type Code = readonly number[]

/** The part of WebAssembly's JavaScript interface that is used; not every environment has it, or allows it. */
interface WebAssemblyApi {
  readonly Module: new (octets: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

/** Types of values. */
export const I32 = 0x7f
export const I64 = 0x7e
export const V128 = 0x7b
/** A block without a result. */
export const NOTHING = 0x40

export const BLOCK = 0x02
export const LOOP = 0x03
export const BRANCH = 0x0c
export const BRANCH_IF = 0x0d
export const END = 0x0b

export const get = (local: number): Code => [0x20, local]
export const set = (local: number): Code => [0x21, local]
export const tee = (local: number): Code => [0x22, local]

/** A number as WebAssembly writes it, signed: its constants. */
export function signed(value: bigint): number[] {
  const octet = Number(value & 0x7fn)
  const rest = value >> 7n
  const last = octet < 64 ? rest === 0n : rest === -1n
  return last ? [octet] : [octet | 0x80, ...signed(rest)]
}

/** And unsigned: lengths, and offsets. */
export function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

export const i32 = (value: number): Code => [0x41, ...signed(BigInt(value | 0))]

export interface Func {
  readonly name: string
  readonly parameters: Code
  readonly results: Code
  /** The types of the locals behind the parameters. */
  readonly locals: Code
  /** Without the `END` at its end. */
  readonly body: Code
}

/** A module that exports these functions, and a `memory` of so many pages of 64 KiB that does not grow. */
export function moduleOctets(pages: number, functions: readonly Func[]): Uint8Array {
  const sized = (octets: Code): Code => [...unsigned(octets.length), ...octets]
  const list = (items: readonly Code[]): Code => sized([...unsigned(items.length), ...items.flat()])
  const name = (text: string): Code => sized(Array.from(text, (letter) => letter.charCodeAt(0)))
  const types = functions.map(({ parameters, results }) => [0x60, ...sized(parameters), ...sized(results)])
  const exports = functions.map((one, index) => [...name(one.name), 0, ...unsigned(index)])
  const bodies = functions.map(({ locals, body }) => sized([...localTypes(locals), ...body, END]))
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, ...list(types)],
    ...[3, ...list(functions.map((_, index) => unsigned(index)))],
    ...[5, ...list([[1, ...unsigned(pages), ...unsigned(pages)]])],
    ...[7, ...list([[...name('memory'), 2, 0], ...exports])],
    ...[10, ...list(bodies)],
  ])
}

function localTypes(locals: Code): Code {
  return [...unsigned(locals.length), ...locals.flatMap((type) => [1, type])]
}

/**
 * What the module exports. Undefined where there is no WebAssembly, or it may not be used (a page's content security policy), or an
 * instruction is not known; or on a big-endian machine, whose typed arrays would read the memory the other way round.
 */
export function instantiate(octets: () => Uint8Array): unknown {
  const api = (globalThis as { readonly WebAssembly?: WebAssemblyApi }).WebAssembly
  if (api === undefined || new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) return undefined
  try {
    return new api.Instance(new api.Module(octets())).exports
  } catch {
    return undefined
  }
}
