import http from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleepOnTheMachine } from 'node:timers/promises'

export interface RetryOptions extends http.RequestOptions {
  /** Tries at most, each of them with `timeout` ms. */
  tries: number
  timeout: number
  sleep?: (ms: number) => Promise<unknown>
}

/** GETs, and tries again with a doubled pause when nothing comes or the server fails. */
export async function getWithRetries({ tries, sleep = sleepOnTheMachine, ...options }: RetryOptions): Promise<string> {
  for (let n = 1; ; n++) {
    try {
      return await get(options)
    } catch (error) {
      if (n === tries) throw error
      await sleep(100 * 2 ** n)
    }
  }
}

function get(options: http.RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(options, (response) => {
      if (response.statusCode === 200) resolve(text(response))
      else reject(new Error(`the server says ${response.statusCode}`))
    })
    request.on('timeout', () => request.destroy(new Error('no answer')))
    request.on('error', reject)
  })
}
