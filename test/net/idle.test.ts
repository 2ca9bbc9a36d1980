import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Scheduler, Timer } from '../../src/link/scheduler.ts'
import { createWire } from '../../src/link/wire.ts'
import { createNet } from '../../src/net/net.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import type { Instant } from '../../src/wire/instant.ts'

/** Counts what wakes a process. */
class Alarm implements Scheduler {
  readonly clock = new VirtualClock()
  wakeUps = 0

  now(): Instant {
    return this.clock.now()
  }

  at(instant: Instant, callback: () => void): Timer {
    return this.clock.at(instant, () => {
      this.wakeUps++
      callback()
    })
  }

  soon(callback: () => void): void {
    this.clock.soon(callback)
  }

  async pass(ms: number): Promise<void> {
    for (let i = 0; i < 3; i++) {
      this.clock.run(this.clock.now())
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.clock.run(this.clock.now() + ms)
  }
}

for (const count of [1, 1000]) {
  test(`${count} idle connections wake nobody for a day`, async () => {
    const alarm = new Alarm()
    const [a, b] = createWire(alarm)
    const server = createNet({ link: a, address: '10.0.0.1/24', scheduler: alarm })
    const client = createNet({ link: b, address: '10.0.0.2/24', scheduler: alarm })
    let accepted = 0
    server
      .createServer((socket) => {
        accepted++
        socket.on('data', (chunk: Buffer) => socket.write(chunk))
      })
      .listen({ port: 80, backlog: 2000 })
    let answers = 0
    for (let i = 0; i < count; i++) {
      const socket = client.connect(80, '10.0.0.1', () => socket.write('x'))
      socket.on('data', () => answers++)
    }
    // What the handshakes and the octets leave behind runs out.
    for (let i = 0; i < 10; i++) await alarm.pass(1000)
    equal(accepted, count)
    equal(answers, count)
    alarm.wakeUps = 0
    await alarm.pass(24 * 3600 * 1000)
    equal(alarm.wakeUps, 0)
    equal(alarm.clock.pending, 0)
    client.close()
    server.close()
    await alarm.pass(0)
  })
}
