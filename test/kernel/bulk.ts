import { createHash, type Hash } from 'node:crypto'
import { Chance } from '../../src/sim/chance.ts'

const BLOCK = 1 << 20

/** A long stream of octets whose every mebibyte is another one, made as it is asked for, and hashed as it is taken. */
export class Bulk {
  readonly size: number
  taken = 0
  private readonly block: Uint8Array
  private readonly number: DataView
  private readonly hash: Hash = createHash('sha256')

  constructor(size: number, seed: number) {
    this.size = size
    this.block = new Chance(seed).bytes(BLOCK)
    this.number = new DataView(this.block.buffer)
  }

  get isEmpty(): boolean {
    return this.taken === this.size
  }

  /** The octets that come next, as many as are at hand; borrowed until `take`. */
  peek(): Uint8Array {
    const at = this.taken % BLOCK
    this.number.setUint32(0, Math.floor(this.taken / BLOCK))
    return this.block.subarray(at, Math.min(BLOCK, at + this.size - this.taken))
  }

  take(length: number): void {
    this.hash.update(this.peek().subarray(0, length))
    this.taken += length
  }

  digest(): string {
    return this.hash.copy().digest('hex')
  }
}
