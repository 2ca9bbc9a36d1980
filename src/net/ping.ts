import type { Echo, EchoOptions } from '../stack/echo.ts'
import type { Milliseconds } from '../wire/instant.ts'
import type { Dispatcher } from './dispatcher.ts'
import { socketError } from './errors.ts'

export type PingOptions = EchoOptions

/** An echo that was answered. */
export interface Pong {
  readonly address: string
  /** Octets of data, which came back. */
  readonly size: number
  /** From sending to the answer, by the clock of the stack. */
  readonly rtt: Milliseconds
}

/**
 * Sends an ICMP echo request and waits for its answer. It rejects with ETIMEDOUT when there is none, with what an ICMP error
 * said (EHOSTUNREACH, ENETUNREACH, ECONNREFUSED), or with ENETDOWN when the link goes; mistakes are thrown at once.
 */
export function ping(dispatcher: Dispatcher, address: string, options: PingOptions = {}): Promise<Pong> {
  dispatcher.checkLink()
  const { driver } = dispatcher
  const echo = driver.stack.ping(address, options)
  driver.touch()
  return new Promise((resolve, reject) => {
    const forget = dispatcher.onLost(() => reject(socketError('ping', 'ENETDOWN', address)))
    echo.onDone = ({ error, roundTrip, size }: Echo) => {
      forget()
      if (error !== undefined) reject(socketError('ping', error, address))
      else resolve({ address, size, rtt: roundTrip! })
    }
  })
}
