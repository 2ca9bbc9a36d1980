import { closeSync } from 'node:fs'
import type { Shared, UringCalls } from './io-uring.ts'

// Nearly every architecture has these numbers.
const SETUP = 425
const ENTER = 426
const REGISTER = 427

const READ_WRITE = 3
const SHARED_POPULATED = 0x8001

type Koffi = typeof import('koffi')

/** @param result of a value that a C function has returned: itself, or the negative errno. */
export function bindUring(
  koffi: Koffi,
  addressOf: (octets: Uint8Array) => number,
  result: (value: number) => number,
): UringCalls {
  const library = koffi.load(null)
  const setup = library.func('syscall', 'int', ['long', 'uint', 'void *'])
  // All the arguments are declared: what the kernel finds in place of the others would be chance.
  const enter = library.func('syscall', 'int', ['long', 'int', 'uint', 'uint', 'uint', 'uintptr_t', 'size_t'])
  const register = library.func('syscall', 'int', ['long', 'int', 'uint', 'void *', 'uint'])
  const map = library.func('mmap', 'intptr_t', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'long'])
  const unmap = library.func('munmap', 'int', ['uintptr_t', 'size_t'])
  return {
    setup: (entries, parameters) => result(setup(SETUP, entries, parameters)),
    enter: (ring, count) => result(enter(ENTER, ring, count, 0, 0, 0, 0)),
    register: (ring, what, structure, count) => result(register(REGISTER, ring, what, structure, count)),
    map: (ring, octets, offset) => {
      const address = result(map(0, octets, READ_WRITE, SHARED_POPULATED, ring, offset))
      return address < 0 ? address : { address, words: new Uint32Array(koffi.view(address, octets)) }
    },
    unmap: ({ address, words }: Shared) => void unmap(address, words.byteLength),
    close: (ring) => closeSync(ring),
    addressOf,
  }
}
