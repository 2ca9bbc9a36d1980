import { execFile } from 'node:child_process'
import { get } from 'node:http'
import { promisify } from 'node:util'
import type { Net } from '../../net/net.ts'

/** Who connects to the demo's server. */
export interface DemoClient {
  /** `curl 8.5.0 on the kernel's TCP` */
  readonly name: string
  /** What stands before the URL: `curl`. */
  readonly verb: string
  /** Fetches a URL. Rejects with a sentence when that fails. */
  get(url: string): Promise<Answer>
}

export interface Answer {
  status: number
  /** Octets of body. */
  length: number
}

const run = promisify(execFile)

/** Seconds after which a client gives up. */
const PATIENCE = 12

const SCRIPT = `require('node:http').get(process.argv[1], (response) => {
  let length = 0
  response.on('data', (chunk) => { length += chunk.length })
  response.on('end', () => console.log(response.statusCode, length))
}).on('error', (error) => { console.error(error.message); process.exitCode = 1 })`

const CURL_ARGUMENTS = [
  ...['--silent', '--show-error', '--noproxy', '*', '--max-time', `${PATIENCE}`],
  ...['--output', '/dev/null', '--write-out', '%{http_code} %{size_download}'],
]

/** A program of this machine's, whose connections are the kernel's: curl, or else Node. */
export async function kernelClient(): Promise<DemoClient> {
  const curl = await curlVersion()
  if (curl !== undefined) return program(`curl ${curl} on the kernel's TCP`, 'curl', 'curl', CURL_ARGUMENTS)
  const name = `Node ${process.versions.node} on the kernel's TCP, since curl is not installed`
  return program(name, 'http.get', process.execPath, ['-e', SCRIPT])
}

/** A client that prints the status and the length of the answer. */
function program(name: string, verb: string, command: string, args: readonly string[]): DemoClient {
  return {
    name,
    verb,
    async get(url) {
      const { stdout } = await run(command, [...args, url], { timeout: PATIENCE * 1000 })
      const [status, length] = stdout.trim().split(' ').map(Number)
      return { status: status ?? 0, length: length ?? 0 }
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

/** A second stack of ours at the other end of the embedded wire, with node:http on it. */
export function builtInClient(net: Net): DemoClient {
  return {
    name: "Node's http on a second stack of estab",
    verb: 'http.get',
    get: (url) =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(url)
        const host = hostname.replace(/^\[|\]$/g, '')
        const request = get(url, { createConnection: () => net.connect(Number(port || 80), host) }, (response) => {
          let length = 0
          response.on('data', (chunk: Buffer) => {
            length += chunk.length
          })
          response.on('end', () => resolve({ status: response.statusCode ?? 0, length }))
          response.on('error', reject)
        })
        request.on('error', reject)
        request.setTimeout(PATIENCE * 1000, () => request.destroy(new Error(`no answer within ${PATIENCE} s`)))
      }),
  }
}
