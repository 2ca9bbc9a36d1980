import type { Line, LineExit } from './line.ts'

/** Whatever a link ends at: a host, a router, a switch, a NAT. */
export interface Device {
  readonly name: string
  /** A packet has arrived at one of its ports; borrowed. */
  receive(port: Port, octets: Uint8Array, start: number, end: number): void
  /** All that arrived at this port at this instant has been given. */
  drained(port: Port): void
}

/** One end of a link. */
export class Port implements LineExit {
  readonly device: Device
  /** What goes out here; set when the link is made. */
  line: Line | undefined
  /** The other end. */
  peer: Port | undefined

  constructor(device: Device) {
    this.device = device
  }

  /** The longest packet that can go out here, octets. */
  get mtu(): number {
    return this.line?.mtu ?? 0
  }

  send(octets: Uint8Array, start: number, end: number): void {
    this.line?.send(octets, start, end)
  }

  packet(octets: Uint8Array, start: number, end: number): void {
    this.device.receive(this, octets, start, end)
  }

  drained(): void {
    this.device.drained(this)
  }
}
