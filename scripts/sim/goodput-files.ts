import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { LinuxSnapshot } from './goodput-linux.ts'
import { markdown, type Snapshot } from './goodput-table.ts'

const TABLE = fileURLToPath(new URL('../../docs/goodput.md', import.meta.url))
const OURS = fileURLToPath(new URL('../../docs/goodput.json', import.meta.url))
const LINUX = fileURLToPath(new URL('../../docs/goodput-linux.json', import.meta.url))

export function readOurs(): Snapshot {
  return (read(OURS) as Snapshot | undefined) ?? {}
}

/** Undefined where nobody has measured it yet. */
export function readLinux(): LinuxSnapshot | undefined {
  return read(LINUX) as LinuxSnapshot | undefined
}

/** Writes the snapshot, and the document that is made of both. */
export function writeOurs(snapshot: Snapshot): void {
  writeFileSync(OURS, json(snapshot))
  writeFileSync(TABLE, markdown(snapshot, readLinux()))
}

export function writeLinux(snapshot: LinuxSnapshot): void {
  writeFileSync(LINUX, json(snapshot))
  writeFileSync(TABLE, markdown(readOurs(), snapshot))
}

/** Whether the document is what would be written. */
export function isWritten(snapshot: Snapshot): boolean {
  return existsSync(TABLE) && readFileSync(TABLE, 'utf8') === markdown(snapshot, readLinux())
}

function read(file: string): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
