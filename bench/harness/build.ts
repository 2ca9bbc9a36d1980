import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from './processes.ts'

/** As long as a first build may take, s: crates and modules are fetched. */
const LIMIT = 280

/** Executables below their peer's folder; the others are build/NAME. */
const EXECUTABLES: Readonly<Record<string, string>> = { smoltcp: 'target/release/smoltcp-peer' }

const built = new Map<string, Promise<string>>()

/** Builds bench/peers/NAME, once; its executable. Throws what is missing. */
export function build(name: string): Promise<string> {
  const path = built.get(name) ?? buildNow(name)
  built.set(name, path)
  return path
}

async function buildNow(name: string): Promise<string> {
  const folder = peerPath(`${name}/`)
  if (!existsSync(`${folder}build.sh`)) throw new Error(`there is no bench/peers/${name}/build.sh`)
  await run(['sh', `${folder}build.sh`], LIMIT)
  return folder + (EXECUTABLES[name] ?? `build/${name}`)
}

/** Of a file below bench/peers. */
export function peerPath(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}`, import.meta.url))
}
