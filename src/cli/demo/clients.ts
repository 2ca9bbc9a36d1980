import { execFile } from 'node:child_process'
import { get } from 'node:http'
import { promisify } from 'node:util'
import { codeOf } from '../../net/errors.ts'
import type { Net } from '../../net/net.ts'
import type { Milliseconds } from '../../wire/instant.ts'

/** Who connects to the demo's server. */
export interface DemoClient {
  /** `curl 8.5.0 on the kernel's TCP` */
  readonly name: string
  /** What stands before the URL: `curl`. */
  readonly verb: string
  /** Fetches a URL. Rejects with a sentence when that fails: `connection refused`, `no answer within 12 s`. */
  get(url: string, patience?: Milliseconds): Promise<Answer>
}

export interface Answer {
  status: number
  /** Octets of body. */
  length: number
}

const run = promisify(execFile)

/** How long a client waits for its answer. */
const PATIENCE: Milliseconds = 12_000

/** Beyond which a program is ended that did not end by itself. */
const GRACE: Milliseconds = 2000

const SCRIPT = `const [, url, patience] = process.argv
const request = require('node:http').get(url, (response) => {
  let length = 0
  response.on('data', (chunk) => { length += chunk.length })
  response.on('end', () => console.log(response.statusCode, length) || process.exit(0))
}).on('error', (error) => { console.error(error.code); process.exit(1) })
setTimeout(() => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })), 1000 * patience)`

// Only with --verbose does curl tell what connect(2) said.
const CURL_ARGUMENTS = [
  ...['--silent', '--show-error', '--verbose', '--noproxy', '*'],
  ...['--output', '/dev/null', '--write-out', '%{http_code} %{size_download}'],
]

/** A program of this machine's, whose connections are the kernel's: curl, or else Node. */
export async function kernelClient(): Promise<DemoClient> {
  const curl = await curlVersion()
  if (curl !== undefined) {
    const args = (url: string, wait: number): string[] => [...CURL_ARGUMENTS, '--max-time', `${wait}`, url]
    return program(`curl ${curl} on the kernel's TCP`, 'curl', 'curl', args)
  }
  const name = `Node ${process.versions.node} on the kernel's TCP, since curl is not installed`
  return program(name, 'http.get', process.execPath, (url, wait) => ['-e', SCRIPT, url, `${wait}`])
}

/** A client that prints the status and the length of the answer. Its arguments are made of a URL and seconds to wait. */
function program(
  name: string,
  verb: string,
  command: string,
  args: (url: string, wait: number) => string[],
): DemoClient {
  return {
    name,
    verb,
    async get(url, patience = PATIENCE) {
      try {
        const { stdout } = await run(command, args(url, patience / 1000), { timeout: patience + GRACE })
        const [status, length] = stdout.trim().split(' ').map(Number)
        return { status: status ?? 0, length: length ?? 0 }
      } catch (error) {
        const { stderr, message } = error as Error & { stderr?: string }
        throw new Error(sentence(stderr ?? message, patience))
      }
    },
  }
}

async function curlVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await run('curl', ['--version'])
    return stdout.split(' ')[1]
  } catch {
    return undefined
  }
}

/** What a client's failure comes to. */
function sentence(text: string, patience: Milliseconds): string {
  if (/refused/i.test(text)) return 'connection refused'
  if (/timed out|ETIMEDOUT/i.test(text)) return `no answer within ${patience / 1000} s`
  return text.trim().split('\n').at(-1)!
}

/** A second stack of ours at the other end of the embedded wire, with node:http on it. */
export function builtInClient(net: Net): DemoClient {
  return {
    name: "Node's http on a second stack of estab",
    verb: 'http.get',
    get: (url, patience = PATIENCE) =>
      new Promise((resolve, reject) => {
        const fail = (error: Error): void => reject(new Error(sentence(codeOf(error) ?? error.message, patience)))
        const { hostname, port } = new URL(url)
        const host = hostname.replace(/^\[|\]$/g, '')
        const request = get(url, { createConnection: () => net.connect(Number(port || 80), host) }, (response) => {
          let length = 0
          response.on('data', (chunk: Buffer) => {
            length += chunk.length
          })
          response.on('end', () => resolve({ status: response.statusCode ?? 0, length }))
          response.on('error', fail)
        })
        const timeout = Object.assign(new Error(), { code: 'ETIMEDOUT' })
        const timer = setTimeout(() => request.destroy(timeout), patience)
        request.on('error', fail)
        request.on('close', () => clearTimeout(timer))
      }),
  }
}
