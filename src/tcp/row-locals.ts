import { IpAddress } from '../wire/address.ts'

/**
 * The local ends of the rows of a listener for any address and port: 6 octets a row for IPv4, 18 for IPv6. Other listeners
 * have one port and few addresses, and number these.
 */
export class RowLocals {
  private readonly words: 1 | 4
  private readonly ports: Uint16Array
  private readonly addresses: Int32Array
  private readonly scratch: IpAddress = new IpAddress()

  constructor(family: 4 | 6, capacity: number) {
    this.words = family === 4 ? 1 : 4
    this.ports = new Uint16Array(capacity)
    this.addresses = new Int32Array(this.words * capacity)
  }

  write(row: number, address: IpAddress, port: number): void {
    const at = this.words * row
    this.ports[row] = port
    this.addresses[at + this.words - 1] = address.d
    if (this.words === 1) return
    this.addresses[at] = address.a
    this.addresses[at + 1] = address.b
    this.addresses[at + 2] = address.c
  }

  port(row: number): number {
    return this.ports[row]!
  }

  /** Borrowed until the next call. */
  address(row: number): IpAddress {
    const { addresses, scratch } = this
    const at = this.words * row
    if (this.words === 1) scratch.set4(addresses[at]!)
    else scratch.set(addresses[at]!, addresses[at + 1]!, addresses[at + 2]!, addresses[at + 3]!)
    return scratch
  }
}
