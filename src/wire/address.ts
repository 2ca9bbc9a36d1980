import { readInt32, readUint16, writeUint16, writeUint32 } from './octets.ts'

const MAPPED = 0xffff

const DOT = 0x2e
const ZERO = 0x30

/**
 * An IP address of either family as four 32-bit words, big-endian; IPv4 as the IPv4-mapped ::ffff:a.b.c.d of RFC 4291
 * §2.5.5.2, so that one form serves every table. The words are signed, which V8 keeps without boxing. Packets that
 * carry a mapped address in an IPv6 header are dropped by the parser: the two spellings can't be confused.
 */
export class IpAddress {
  a: number
  b: number
  c: number
  d: number
  /** Follows from the words: it is asked for several times with every packet. Whoever writes to more than `d` uses `set`. */
  family: 4 | 6

  constructor(a = 0, b = 0, c: number = MAPPED, d = 0) {
    this.a = a | 0
    this.b = b | 0
    this.c = c | 0
    this.d = d | 0
    this.family = familyOf(this.a, this.b, this.c)
  }

  set(a: number, b: number, c: number, d: number): void {
    this.a = a
    this.b = b
    this.c = c
    this.d = d
    this.family = familyOf(a, b, c)
  }

  /** 0.0.0.0 or ::. */
  get isUnspecified(): boolean {
    return this.a === 0 && this.b === 0 && this.d === 0 && (this.c === MAPPED || this.c === 0)
  }

  get isMulticast(): boolean {
    return this.family === 4 ? this.d >>> 28 === 14 : this.a >>> 24 === 0xff
  }

  /** 255.255.255.255, the limited broadcast address. */
  get isBroadcast(): boolean {
    return this.d === -1 && this.family === 4
  }

  equals(other: IpAddress): boolean {
    return this.d === other.d && this.c === other.c && this.b === other.b && this.a === other.a
  }

  copy(from: IpAddress): this {
    this.a = from.a
    this.b = from.b
    this.c = from.c
    this.d = from.d
    this.family = from.family
    return this
  }

  clone(): IpAddress {
    return new IpAddress(this.a, this.b, this.c, this.d)
  }

  read4(octets: Uint8Array, at: number): void {
    this.set4(readInt32(octets, at))
  }

  /** Makes it the IPv4 address of this word. */
  set4(word: number): void {
    this.a = 0
    this.b = 0
    this.c = MAPPED
    this.d = word
    this.family = 4
  }

  read6(octets: Uint8Array, at: number): void {
    this.set(readInt32(octets, at), readInt32(octets, at + 4), readInt32(octets, at + 8), readInt32(octets, at + 12))
  }

  /** Writes 4 or 16 octets, by the family; returns how many. */
  write(octets: Uint8Array, at: number): 4 | 16 {
    if (this.family === 4) {
      writeUint32(octets, at, this.d)
      return 4
    }
    this.write6(octets, at)
    return 16
  }

  /** Writes 16 octets, an IPv4 address as the IPv4-mapped one. */
  write6(octets: Uint8Array, at: number): void {
    writeUint32(octets, at, this.a)
    writeUint32(octets, at + 4, this.b)
    writeUint32(octets, at + 8, this.c)
    writeUint32(octets, at + 12, this.d)
  }

  /** RFC 5952's canonical text for IPv6, dotted decimal for IPv4. */
  toString(): string {
    return this.family === 4 ? text4(this.d) : text6(this)
  }

  /** Undefined unless `text` is an address; a zone (`%eth0`) is not taken. */
  static parse(text: string): IpAddress | undefined {
    return text.includes(':') ? parse6(text) : parse4(text)
  }
}

function familyOf(a: number, b: number, c: number): 4 | 6 {
  return c === MAPPED && a === 0 && b === 0 ? 4 : 6
}

function text4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

function text6(address: IpAddress): string {
  const octets = new Uint8Array(16)
  address.write(octets, 0)
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push(readUint16(octets, i))
  const [from, length] = longestZeroRun(groups)
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':')
  if (length < 2) return hex(groups)
  return `${hex(groups.slice(0, from))}::${hex(groups.slice(from + length))}`
}

function longestZeroRun(groups: number[]): [from: number, length: number] {
  let best: [number, number] = [0, 0]
  for (let i = 0; i < groups.length; i++) {
    let end = i
    while (groups[end] === 0) end++
    if (end - i > best[1]) best = [i, end - i]
  }
  return best
}

function parse4(text: string): IpAddress | undefined {
  let word = 0
  let octet = -1
  let dots = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === DOT) {
      if (octet < 0) return undefined
      word = (word << 8) | octet
      octet = -1
      dots++
    } else {
      // A leading zero is octal to some readers and decimal to others, so it is no address here (RFC 6943 §3.1.1).
      if (code < ZERO || code > ZERO + 9 || octet === 0) return undefined
      octet = (octet < 0 ? 0 : 10 * octet) + code - ZERO
      if (octet > 255) return undefined
    }
  }
  return dots === 3 && octet >= 0 ? new IpAddress(0, 0, MAPPED, (word << 8) | octet) : undefined
}

function parse6(text: string): IpAddress | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groupsOf(halves[0]!, halves.length === 1)
  const tail = halves.length === 2 ? groupsOf(halves[1]!, true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail]
  const octets = new Uint8Array(16)
  for (const [i, group] of groups.entries()) writeUint16(octets, 2 * i, group)
  const address = new IpAddress()
  address.read6(octets, 0)
  return address
}

/** The 16-bit groups of a part of an IPv6 address; its last may be a dotted IPv4 address where `last` says so. */
function groupsOf(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const v4 = parse4(part)
      if (v4 === undefined) return undefined
      groups.push(v4.d >>> 16, v4.d & 0xffff)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      groups.push(Number.parseInt(part, 16))
    }
  }
  return groups
}

/** An address and the length of its network prefix: `10.0.0.2/24`, `fd77::2/64`. */
export class IpPrefix {
  readonly address: IpAddress
  /** Bits, 0 to 32 or 128. */
  readonly length: number

  constructor(address: IpAddress, length: number) {
    this.address = address
    this.length = length
  }

  contains(address: IpAddress): boolean {
    if (address.family !== this.address.family) return false
    const bits = address.family === 4 ? this.length + 96 : this.length
    return (
      sameBits(this.address.a, address.a, bits) &&
      sameBits(this.address.b, address.b, bits - 32) &&
      sameBits(this.address.c, address.c, bits - 64) &&
      sameBits(this.address.d, address.d, bits - 96)
    )
  }

  toString(): string {
    return `${this.address}/${this.length}`
  }

  /** Undefined unless `text` is CIDR notation; an address alone is a prefix of all its bits. */
  static parse(text: string): IpPrefix | undefined {
    const [host, bits, ...rest] = text.split('/')
    const address = IpAddress.parse(host!)
    if (address === undefined || rest.length > 0) return undefined
    const most = address.family === 4 ? 32 : 128
    if (bits === undefined) return new IpPrefix(address, most)
    if (!/^\d{1,3}$/.test(bits) || Number(bits) > most) return undefined
    return new IpPrefix(address, Number(bits))
  }
}

function sameBits(x: number, y: number, bits: number): boolean {
  if (bits <= 0) return true
  return bits >= 32 ? x === y : (x ^ y) >>> (32 - bits) === 0
}
