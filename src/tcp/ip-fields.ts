import { outOfRange, type TcpConfig } from './config.ts'

/** What a connection says of itself in the IP header. */
export class IpFields {
  private codePoint: number
  private hops: number

  constructor(config: TcpConfig) {
    this.codePoint = config.dscp
    this.hops = config.hopLimit
  }

  /** The Differentiated Services code point, 0 to 63, changed at any time (RFC 9293 MUST-48, SHLD-21). */
  get dscp(): number {
    return this.codePoint
  }

  /** @throws {RangeError} ERR_OUT_OF_RANGE */
  set dscp(dscp: number) {
    if (!(Number.isInteger(dscp) && dscp >= 0 && dscp <= 63)) throw outOfRange('dscp', 'an integer from 0 to 63', dscp)
    this.codePoint = dscp
  }

  /** Time to live, or hop limit, 1 to 255 (RFC 9293 MUST-49). */
  get hopLimit(): number {
    return this.hops
  }

  /** @throws {RangeError} ERR_OUT_OF_RANGE */
  set hopLimit(hops: number) {
    if (!(Number.isInteger(hops) && hops >= 1 && hops <= 255)) {
      throw outOfRange('hopLimit', 'an integer from 1 to 255', hops)
    }
    this.hops = hops
  }
}
