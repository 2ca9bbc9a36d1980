import { lookup } from 'node:dns/promises'
import { codeOf } from '../net/errors.ts'
import { type Attachment, embeddedAttachment, tunAttachment } from './attachment.ts'
import { explain, WITHOUT_TUN } from './errors.ts'
import { onStopSignal } from './signals.ts'
import type { TunOptions } from './tun.ts'

export interface PingOptions extends TunOptions {
  readonly link: 'tun' | 'embedded'
  /** Echoes to send. */
  readonly count: number
  /** Octets of data in each. */
  readonly size: number
  /** Milliseconds from one echo to the next. */
  readonly interval: number
  /** Milliseconds to wait for each answer. */
  readonly timeout: number
}

/** Sends echoes to `host` and tells of each, then of all. Sets the exit status 1 when none was answered. */
export async function ping(host: string, options: PingOptions): Promise<void> {
  const attachment =
    options.link === 'tun' ? await tunAttachment(options, undefined, WITHOUT_TUN) : embeddedAttachment(options.address)
  const stopping = new AbortController()
  const done = pingAll(attachment, host, options, stopping.signal).finally(() => attachment.close())
  // What was found out until then is still told.
  onStopSignal(async () => {
    stopping.abort()
    await done
  })
  if (!(await done)) process.exitCode = 1
}

/** Whether any echo was answered. */
async function pingAll(
  attachment: Attachment,
  host: string,
  options: PingOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { address } = await lookup(host)
  console.log(`PING ${host === address ? host : `${host} (${address})`}: ${options.size} octets of data`)
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  const times: (number | undefined)[] = []
  for (let number = 1; number <= options.count && !signal.aborted; number++) {
    const next = number < options.count ? wait(options.interval) : undefined
    const echo = pingOnce(attachment, address, number, options)
    await Promise.race([echo.then((time) => times.push(time)), stopped])
    await Promise.race([next, stopped])
  }
  console.log(summary(times))
  return times.some((time) => time !== undefined)
}

/** Milliseconds to the answer; undefined when there was none. */
async function pingOnce(
  { net }: Attachment,
  address: string,
  number: number,
  { size, timeout }: PingOptions,
): Promise<number | undefined> {
  try {
    const { rtt } = await net.ping(address, { size, timeout })
    console.log(`${number}: answer from ${address} after ${rtt.toFixed(3)} ms`)
    return rtt
  } catch (error) {
    if (codeOf(error)?.startsWith('ERR_') !== false) throw error
    console.log(`${number}: ${explain(error)[0]}`)
    return undefined
  }
}

function summary(times: readonly (number | undefined)[]): string {
  const answered = times.filter((time) => time !== undefined)
  const counted = `${times.length} sent, ${answered.length} answered`
  if (answered.length === 0) return counted
  const mean = answered.reduce((sum, time) => sum + time, 0) / answered.length
  const [least, most] = [Math.min(...answered), Math.max(...answered)]
  return `${counted}; least ${least.toFixed(3)}, mean ${mean.toFixed(3)}, most ${most.toFixed(3)} ms`
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
