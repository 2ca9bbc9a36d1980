import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'

/** Where Debian has what is no user's. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', ...postgresFolders()]

/** The path of a program, undefined where it is missing. */
export function findProgram(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Where they are; undefined, the test having been skipped, if one is missing. */
export function programs<const Names extends readonly string[]>(
  t: TestContext,
  ...names: Names
): { [K in keyof Names]: string } | undefined {
  const found = names.map((name) => findProgram(name))
  const missing = names.filter((_, i) => found[i] === undefined)
  if (missing.length === 0) return found as { [K in keyof Names]: string }
  t.skip(`missing: ${missing.join(', ')}`)
  return undefined
}

/** A folder that is gone when the test ends. */
export function temporaryFolder(t: TestContext, owner?: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'estab-library-'))
  if (owner !== undefined) chownSync(folder, owner, owner)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface DaemonOptions {
  /** What it prints once it serves. */
  ready: RegExp
  /** Whom it runs as. */
  uid?: number
  /** By which it is stopped: SIGTERM by default. */
  signal?: NodeJS.Signals
}

/** A server of another's, up when this resolves, and gone when the test ends. */
export async function startDaemon(
  t: TestContext,
  command: string,
  args: readonly string[],
  { ready, uid, signal = 'SIGTERM' }: DaemonOptions,
): Promise<void> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid, cwd: tmpdir() }),
  })
  const exited = once(child, 'exit')
  t.after(async () => {
    child.kill(signal)
    await exited
  })
  await said(child, ready)
}

function said(child: ChildProcess, ready: RegExp): Promise<void> {
  let output = ''
  return new Promise((resolve, reject) => {
    const hear = (text: string): void => {
      output += text
      if (ready.test(output)) resolve()
    }
    child.stdout!.setEncoding('utf8').on('data', hear)
    child.stderr!.setEncoding('utf8').on('data', hear)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${child.spawnfile} ended with ${code}\n${output}`)))
  })
}

function postgresFolders(): string[] {
  try {
    return readdirSync('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`)
  } catch {
    return []
  }
}
