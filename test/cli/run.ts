import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Node's arguments that start `estab` from source. */
export const ESTAB: readonly string[] = [
  '--import',
  'tsx',
  fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)),
]

export interface Finished {
  status: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  input?: string
  env?: NodeJS.ProcessEnv
  /** What stands before Node: `setpriv ...`. */
  prefix?: readonly string[]
}

/** Starts `estab`; tsx is found whatever directory the caller is in. */
export function start(args: readonly string[], { env, prefix = [] }: RunOptions = {}): ChildProcess {
  const [command, ...rest] = [...prefix, process.execPath, ...ESTAB, ...args]
  return spawn(command!, rest, { cwd: ROOT, env: { ...process.env, NO_COLOR: '1', ...env } })
}

/** Runs `estab` to its end. */
export function estab(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = start(args, options)
  child.stdin!.end(options.input ?? '')
  return finished(child)
}

export function finished(child: ChildProcess): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve({ status, signal, stdout, stderr }))
  })
}
