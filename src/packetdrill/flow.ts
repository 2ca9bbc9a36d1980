import type { IpAddress } from '../wire/address.ts'
import type { TcpOption, TcpPacket } from './script.ts'

/** A segment of the stack's as it was on the wire: absolute numbers in place of the script's. */
export interface SentSegment {
  /** ms */
  readonly at: number
  readonly sourcePort: number
  readonly destinationPort: number
  readonly packet: TcpPacket
  readonly payload: Uint8Array
}

/**
 * One connection as the script sees it: who talks to whom, and what turns the script's numbers into those on the wire.
 * The peer's are the same in both. The stack's initial sequence number, its timestamps and its Fast Open cookie are its
 * own affair: the script's stand for them from the segment on which both were seen.
 */
export class Flow {
  readonly remote: IpAddress
  readonly remotePort: number
  readonly local: IpAddress
  readonly localPort: number
  /** The peer's initial sequence number. */
  peerIsn = 0
  /** The stack's, on the wire, once it has sent a SYN. */
  iss: number | undefined
  /** What a number of the stack's on the wire is ahead of the script's, modulo 2^32. */
  #ahead = 0
  #timestamps = new Map<number, number>()
  /** The first TSval, in the script and on the wire. */
  #first: { script: number; wire: number } | undefined
  #cookie: { script: string; wire: readonly number[] } | undefined

  constructor(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number) {
    this.local = local
    this.localPort = localPort
    this.remote = remote
    this.remotePort = remotePort
  }

  /** The stack sent this where the script expected that: a SYN tells what its numbers start at. */
  learn(sent: TcpPacket, expected: TcpPacket | undefined): void {
    if (sent.flags.includes('S')) {
      this.iss = sent.seq
      this.#ahead = sent.seq - (expected?.seq ?? 0)
    }
    if (expected === undefined || expected.options === 'any') return
    for (const option of expected.options) {
      const counterpart = sent.options === 'any' ? undefined : sent.options.find(({ kind }) => kind === option.kind)
      if (option.kind === 'TS' && counterpart?.kind === 'TS') {
        this.#timestamps.set(option.val, counterpart.val)
        this.#first ??= { script: option.val, wire: counterpart.val }
      }
      if (option.kind === 'FO' && counterpart?.kind === 'FO' && counterpart.cookie.length === option.cookie.length) {
        this.#cookie = { script: option.cookie.join(), wire: counterpart.cookie }
      }
    }
  }

  /** An octet of the stack's stream, by its number on the wire. */
  toScript(number: number): number {
    return (number - this.#ahead) >>> 0
  }

  toWire(number: number): number {
    return (number + this.#ahead) >>> 0
  }

  /** A segment of the stack's, in the script's numbers. */
  sentInScript(sent: TcpPacket): TcpPacket {
    const options = sent.options === 'any' ? sent.options : sent.options.map((option) => this.#optionInScript(option))
    return { ...sent, seq: this.toScript(sent.seq), options }
  }

  /** A segment for the stack, in the numbers of the wire. */
  receivedOnWire(packet: TcpPacket): TcpPacket {
    const acknowledges = packet.ack !== undefined
    const options =
      packet.options === 'any' ? [] : packet.options.map((option) => this.#optionOnWire(option, acknowledges))
    return { ...packet, ack: acknowledges ? this.toWire(packet.ack) : undefined, options }
  }

  #optionInScript(option: TcpOption): TcpOption {
    if (option.kind === 'TS' && this.#first !== undefined) {
      return { ...option, val: (option.val - this.#first.wire + this.#first.script) >>> 0 }
    }
    if (option.kind === 'FO' && option.cookie.join() === this.#cookie?.wire.join()) {
      return { ...option, cookie: this.#cookie.script === '' ? [] : this.#cookie.script.split(',').map(Number) }
    }
    return option
  }

  #optionOnWire(option: TcpOption, acknowledges: boolean): TcpOption {
    if (option.kind === 'TS' && acknowledges) return { ...option, ecr: this.#echoOnWire(option.ecr) }
    if (option.kind === 'FO' && option.cookie.join() === this.#cookie?.script) {
      return { ...option, cookie: this.#cookie.wire }
    }
    if (option.kind !== 'sack') return option
    return { ...option, blocks: option.blocks.map(([left, right]) => [this.toWire(left), this.toWire(right)] as const) }
  }

  #echoOnWire(ecr: number): number {
    const seen = this.#timestamps.get(ecr)
    if (seen !== undefined || this.#first === undefined) return seen ?? ecr
    return (ecr - this.#first.script + this.#first.wire) >>> 0
  }
}
