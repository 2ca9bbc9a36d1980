import { chooseSource } from '../ip/source-address.ts'
import { callError, invalidArgument } from '../tcp/errors.ts'
import { IpAddress, IpPrefix } from '../wire/address.ts'

/** The addresses of a stack, and what follows from them. */
export class LocalAddresses {
  readonly prefixes: readonly IpPrefix[]
  private readonly first: IpAddress
  /** The broadcast addresses of our networks, as words; those of two hosts or one have none (RFC 3021). */
  private readonly broadcasts: readonly number[]
  /** The loopback network is all this host's (RFC 1122 §3.2.1.3 (g)), as soon as it has one address of it. */
  private readonly isLoopback: boolean
  /** It has more addresses than the first. */
  private readonly hasMore: boolean

  /** @throws {TypeError} ERR_INVALID_ARG_VALUE: not CIDR notation, or an address that no host can have */
  constructor(texts: readonly string[]) {
    this.prefixes = texts.map((text) => {
      const prefix = IpPrefix.parse(text)
      if (prefix === undefined)
        throw invalidArgument(`"${text}" is not an address in CIDR notation such as 10.0.0.2/24 or fd00::2/64`)
      if (!isUnicast(prefix.address)) throw invalidArgument(`"${text}" is not an address that a host can have`)
      return prefix
    })
    if (this.prefixes.length === 0) throw invalidArgument('a stack needs at least one address')
    this.first = this.prefixes[0]!.address
    this.broadcasts = this.prefixes
      .filter(({ address, length }) => address.family === 4 && length < 31)
      .map(({ address, length }) => address.d | (-1 >>> length))
    this.isLoopback = this.prefixes.some(({ address }) => isLoopback4(address))
    this.hasMore = this.isLoopback || this.prefixes.length > 1
  }

  has(address: IpAddress): boolean {
    return this.first.equals(address) || (this.hasMore && this.hasOther(address))
  }

  private hasOther(address: IpAddress): boolean {
    for (let i = 1; i < this.prefixes.length; i++) if (this.prefixes[i]!.address.equals(address)) return true
    return this.isLoopback && isLoopback4(address) && this.isHost(address)
  }

  /** Multicast or broadcast, of a network that this stack is on too, or nobody's: not the address of one host. */
  isShared(address: IpAddress): boolean {
    return !isUnicast(address) || (address.family === 4 && this.isBroadcast(address.d))
  }

  private isBroadcast(word: number): boolean {
    for (let i = 0; i < this.broadcasts.length; i++) if (this.broadcasts[i] === word) return true
    return false
  }

  /** Whether the address can be one host's: neither multicast nor broadcast, nor nobody's. */
  isHost(address: IpAddress): boolean {
    return !this.isShared(address)
  }

  /**
   * The address that a user has written.
   * @throws {TypeError} ERR_INVALID_ARG_VALUE: not an address, or not one host's (RFC 9293 MUST-46)
   */
  host(text: string): IpAddress {
    const address = parse(text)
    if (!this.isHost(address)) throw invalidArgument(`"${text}" is not the address of one host`)
    return address
  }

  /**
   * The stack's own address that a user has written.
   * @throws {TypeError} ERR_INVALID_ARG_VALUE: not an address
   * @throws {Error} EADDRNOTAVAIL: somebody else's
   */
  own(text: string): IpAddress {
    const address = parse(text)
    if (!this.has(address)) throw callError('EADDRNOTAVAIL', `${text} is not an address of this stack`)
    return address
  }

  /**
   * The address to talk to `remote` from (RFC 9293 MUST-44).
   * @throws {Error} ENETUNREACH: there is none of its family
   */
  sourceFor(remote: IpAddress): IpAddress {
    const chosen = chooseSource(this.prefixes, remote)
    if (chosen === undefined)
      throw callError('ENETUNREACH', `this stack has no IPv${remote.family} address to reach ${remote} from`)
    return chosen
  }
}

/** 127.0.0.0/8 or ::1: never on a link. */
export function isLoopback(address: IpAddress): boolean {
  if (address.family === 4) return isLoopback4(address)
  return address.a === 0 && address.b === 0 && address.c === 0 && address.d === 1
}

/** 127.0.0.0/8 */
function isLoopback4(address: IpAddress): boolean {
  return address.family === 4 && address.d >>> 24 === 127
}

/** Whether an address can be one host's own, or a TCP peer's (RFC 9293 MUST-46, MUST-57, MUST-63). */
export function isUnicast(address: IpAddress): boolean {
  const { d } = address
  // 224.0.0.0/4, 255.255.255.255, 0.0.0.0
  if (address.family === 4) return d >>> 28 !== 14 && d !== -1 && d !== 0
  return !address.isMulticast && !address.isUnspecified
}

function parse(text: string): IpAddress {
  const address = IpAddress.parse(text)
  if (address === undefined) throw invalidArgument(`"${text}" is not an IP address`)
  return address
}
