import assert from 'node:assert/strict'
import { ACK, FIN, RST, type Segment, SYN } from '../../src/wire/segment.ts'
import { packet, type Server } from './server.ts'

/** A client that sends what it is told to. Numbers are relative: its own to its SYN's, the server's to the SYN,ACK's. */
export class Client {
  readonly port: number
  private readonly server: Server
  private readonly isn: number
  private iss = 0

  constructor(server: Server, number: number) {
    this.server = server
    this.port = 20_000 + number
    this.isn = 0x1000_0000 + 0x10_0000 * number
  }

  send(flags: number, { seq = (flags & SYN) === 0 ? 1 : 0, ack = 1, text = '' } = {}): void {
    const acknowledgment = (flags & ACK) === 0 ? 0 : this.iss + ack
    this.server.send(packet({ port: this.port, flags, seq: this.isn + seq, ack: acknowledgment, text }))
  }

  /** SYN, and the SYN,ACK, which is returned. */
  async open(): Promise<Segment> {
    this.send(SYN)
    const answer = await this.server.answer()
    assert.equal(kind(answer), 'SYN,ACK')
    assert.equal(answer.destinationPort, this.port)
    assert.equal(answer.ack, this.isn + 1)
    this.iss = answer.seq
    return answer
  }

  /** The whole handshake. */
  async connect(): Promise<void> {
    await this.open()
    this.send(ACK)
  }
}

/** The flags that matter, in words. */
export function kind(segment: Segment): string {
  if (segment.has(RST)) return 'RST'
  const names = [segment.has(SYN) ? 'SYN' : '', segment.has(FIN) ? 'FIN' : '', segment.has(ACK) ? 'ACK' : '']
  return names.filter((name) => name !== '').join(',')
}
