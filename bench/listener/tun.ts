import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { probeNamespace } from '../../src/host/namespace.ts'
import type { OverTun } from './over-tun.ts'

const PROGRAM = fileURLToPath(new URL('over-tun.ts', import.meta.url))

/** The figures of `over-tun.ts`, or why there are none: in windows of so many ms. */
export async function overTun(rounds: number, window: number): Promise<OverTun | string> {
  const probe = await probeNamespace()
  if (!probe.ok) return probe.reason
  const [unshare, ...flags] = probe.command
  const node = [process.execPath, '--import', 'tsx', PROGRAM, String(rounds), String(window)]
  const child = spawn(unshare!, [...flags, ...node], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  return code === 0 ? (JSON.parse(output) as OverTun) : `the program in the namespace ended with ${code}`
}
