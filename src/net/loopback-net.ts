import { randomBytes } from 'node:crypto'
import { Driver } from '../host/driver.ts'
import { ProcessHold } from '../host/process-hold.ts'
import { RealTime } from '../host/real-time.ts'
import { createLoopback } from '../link/loopback.ts'
import { Stack } from '../stack/stack.ts'
import { Dispatcher } from './dispatcher.ts'
import { type Net, netOf } from './net.ts'

const MTU = 65_535

/**
 * A net of this process alone, on a loopback link: 127.0.0.0/8 and ::1, and nothing else (ENETUNREACH). Its stack is made
 * when it is used first. What is open on it keeps the process alive, as with node:net; its timers do not.
 */
export function createLoopbackNet(): Net {
  const dispatcher = new Dispatcher(makeDriver, '::', { hold: new ProcessHold() })
  return netOf(dispatcher)
}

function makeDriver(): Driver<Stack> {
  const scheduler = new RealTime({ keepsAlive: false })
  const stack = new Stack({
    addresses: ['127.0.0.1/8', '::1/128'],
    routes: [],
    mtu: MTU,
    secret: randomBytes(32),
    // Nothing is ever late on the way back, so TIME-WAIT has nothing to wait for.
    tcp: { msl: 0 },
  })
  return new Driver(stack, createLoopback(scheduler, { mtu: MTU }), scheduler)
}
