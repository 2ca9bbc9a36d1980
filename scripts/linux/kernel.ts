import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { REFLECTED } from './reflector.ts'

const PEER = fileURLToPath(new URL('peer.py', import.meta.url))

/** What one connection of the kernel's is to do; times in s from the beginning of all. */
export interface Task {
  port: number
  /** As the kernel calls it. */
  control: 'cubic' | 'reno'
  start: number
  warmUp: number
  measure: number
}

/** What it did: octets that the receiver read while it was measured, and s that this took. */
export interface Done extends Task {
  octets: number
  took: number
  error?: string
}

/** Nothing of the kernel's but congestion control limits: buffers of so many octets at once, no memory of earlier connections. */
export function prepareKernel(buffer: number): void {
  // The kernel counts what its buffers take, which is up to twice what they hold.
  const sizes = `4096 ${2 * buffer} ${2 * buffer}`
  set('net/ipv4/tcp_rmem', sizes)
  set('net/ipv4/tcp_wmem', sizes)
  set('net/ipv4/tcp_no_metrics_save', '1')
}

/** Runs connections of the kernel's with itself. */
export async function runTasks(tasks: readonly Task[]): Promise<Done[]> {
  const child = spawn('python3', [PEER, REFLECTED], { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stdin.end(`${JSON.stringify(tasks)}\n`)
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`python3 ended with ${code}`))))
  })
  const done = JSON.parse(output) as Done[]
  const failed = done.find(({ error, octets }) => error !== undefined || octets === undefined)
  if (failed !== undefined)
    throw new Error(`the kernel's connection to port ${failed.port}: ${failed.error ?? 'not measured'}`)
  return done
}

function set(name: string, value: string): void {
  writeFileSync(`/proc/sys/${name}`, value)
}
