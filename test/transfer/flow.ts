import assert from 'node:assert/strict'
import type { Driver } from '../../src/host/driver.ts'
import type { Stack } from '../../src/stack/stack.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import type { StackEvent } from '../../src/tcp/events.ts'
import type { Instant, Milliseconds } from '../../src/wire/instant.ts'

/** What the application at one end of a connection does. */
export interface FlowPlan {
  send: Uint8Array
  expect: Uint8Array
  /** Octets that the next write offers, and the next read has room for. */
  writeSize: () => number
  readSize: () => number
  /** How long it waits before the next write or read. */
  writePause: () => Milliseconds
  readPause: () => Milliseconds
  /** It closes when all is sent, or when the peer's end was reached besides. Both ends must not wait for each other. */
  close: 'sent' | 'ended'
  noDelay?: boolean
}

/** A plan that writes and reads as much as it can at once. */
export function eager(send: Uint8Array, expect: Uint8Array, close: FlowPlan['close']): FlowPlan {
  const [much, never] = [() => 65_536, () => 0]
  return { send, expect, writeSize: much, readSize: much, writePause: never, readPause: never, close }
}

/** When anything last moved on a connection, at either end. */
export interface Progress {
  at: Instant
}

/** An application at one end of a connection: writes, reads and closes by its plan, and compares every octet. */
export class Flow {
  readonly connection: Connection
  readonly progress: Progress
  /** Octets that the connection took, and that were read from it. */
  sent = 0
  received = 0
  /** Everything was read, and the end seen. */
  ended = false
  closed = false
  /** All pauses so far, ms. */
  paused: Milliseconds = 0
  private readonly plan: FlowPlan
  private readonly driver: Driver<Stack>
  private readonly buffer: Uint8Array = new Uint8Array(65_536)
  /** The connection took less than it was offered. */
  private full = false
  private acknowledged = 0
  private readonly write: () => void
  private readonly read: () => void

  constructor(connection: Connection, plan: FlowPlan, driver: Driver<Stack>, progress: Progress) {
    this.connection = connection
    this.plan = plan
    this.driver = driver
    this.progress = progress
    connection.noDelay = plan.noDelay ?? false
    this.write = this.paced(
      plan.writePause,
      () => this.sent < plan.send.length && !this.full,
      () => this.writeOnce(),
    )
    this.read = this.paced(
      plan.readPause,
      () => connection.readable > 0,
      () => this.readOnce(),
    )
    this.moved(0)
  }

  get done(): boolean {
    return this.sent === this.plan.send.length && this.ended && this.closed
  }

  /** What happened before, while nobody had accepted the connection, was told to nobody. */
  begin(): void {
    this.write()
    this.read()
  }

  handle(type: Exclude<StackEvent['type'], 'acceptable'>): void {
    if (this.connection.error !== undefined) throw this.connection.error
    switch (type) {
      case 'closed':
        assert.equal(this.sent, this.plan.send.length, 'closed when all is sent')
        this.closed = true
        break
      case 'readable':
        this.read()
        break
      default:
        this.full = false
        this.write()
    }
  }

  /** Sees whether the peer has acknowledged more. */
  look(): void {
    const acknowledged = this.sent - this.connection.sendBuffer.length
    if (acknowledged > this.acknowledged) this.moved(0)
    this.acknowledged = acknowledged
  }

  toString(): string {
    const { send, expect } = this.plan
    const { state, localAddress, localPort } = this.connection
    return `${localAddress}:${localPort} in ${state}, sent ${this.sent} of ${send.length}, read ${this.received} of ${expect.length}`
  }

  private writeOnce(): void {
    const size = Math.min(this.plan.writeSize(), this.plan.send.length - this.sent)
    const taken = this.connection.send(this.plan.send, this.sent, this.sent + size)
    this.full = taken < size
    this.sent += taken
    this.moved(0)
  }

  private readOnce(): void {
    const { connection, buffer, received } = this
    const { expect } = this.plan
    assert.ok(!connection.ended && !this.ended, 'not ended while there is something to read')
    const length = connection.receive(buffer, 0, Math.min(this.plan.readSize(), buffer.length))
    assert.ok(length > 0, 'what is readable can be read')
    assert.ok(received + length <= expect.length, 'no more comes than was sent')
    const same = Buffer.compare(buffer.subarray(0, length), expect.subarray(received, received + length)) === 0
    assert.ok(same, `octets ${received} to ${received + length} are those that were sent`)
    this.received += length
    this.moved(0)
  }

  /** After any step: the end may be reached, and it may be time to close. */
  private conclude(): void {
    const { connection, plan } = this
    if (connection.ended && !this.ended) {
      assert.equal(this.received, plan.expect.length, 'the end comes after everything')
      this.ended = true
      this.moved(0)
    }
    if (connection.state === 'SYN-SENT' || this.sent < plan.send.length) return
    if (plan.close === 'ended' && !this.ended) return
    connection.close()
    this.driver.touch()
  }

  private moved(ahead: Milliseconds): void {
    this.progress.at = Math.max(this.progress.at, this.driver.scheduler.now() + ahead)
    this.driver.touch()
  }

  /** Takes `step` after `step` as long as it is `possible`, each after a pause. To be called whenever it may have become possible. */
  private paced(pause: () => Milliseconds, possible: () => boolean, step: () => void): () => void {
    const { scheduler } = this.driver
    let waits = false
    const go = (): void => {
      while (!waits && possible()) {
        const ms = pause()
        if (ms === 0) {
          step()
          continue
        }
        waits = true
        this.paused += ms
        this.moved(ms)
        scheduler.at(scheduler.now() + ms, () => {
          waits = false
          if (possible()) step()
          go()
        })
      }
      if (!waits) this.conclude()
    }
    return go
  }
}
