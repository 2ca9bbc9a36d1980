import { readFileSync } from 'node:fs'
import { formatFailure } from '../packetdrill/report.ts'
import { runScript } from '../packetdrill/runner.ts'
import type { HeaderOption } from '../packetdrill/script.ts'
import { UserError } from './errors.ts'

export interface PacketdrillOptions {
  readonly verbose?: boolean
  readonly strict?: boolean
  readonly tap?: boolean
  readonly ipVersion?: string
  readonly toleranceUsecs?: string
}

/** Runs scripts one after the other. The process ends with 1 if one fails. */
export async function packetdrill(files: readonly string[], options: PacketdrillOptions): Promise<void> {
  const { tap = false } = options
  let failures = 0
  if (tap) print(`TAP version 13\n1..${files.length}`)
  for (const [index, file] of files.entries()) {
    const report = runFile(file, options)
    if (report !== undefined) failures++
    if (tap) print(`${report === undefined ? 'ok' : 'not ok'} ${index + 1} - ${file}`)
    if (report !== undefined) print(tap ? report.replace(/^/gm, '# ') : report)
  }
  if (!tap) print(`${files.length - failures} of ${files.length} ${files.length === 1 ? 'script' : 'scripts'} passed`)
  if (failures > 0) process.exitCode = 1
}

/** The report of a script that fails. */
function runFile(
  file: string,
  { verbose = false, strict = false, ...options }: PacketdrillOptions,
): string | undefined {
  const prefix = options.tap === true ? '# ' : ''
  const failure = runScript(read(file), {
    strict,
    options: headerOptions(options),
    onLine: (line, printed) => {
      if (verbose || printed) print(prefix + line)
    },
  })
  return failure === undefined ? undefined : formatFailure(file, failure)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const cause = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a directory' : String(code)
    throw new UserError(`${file} cannot be read: ${cause}`, 'Name scripts: estab packetdrill FILE...')
  }
}

/** Those of the command, as if they stood at the head of each script. */
function headerOptions({ ipVersion, toleranceUsecs }: PacketdrillOptions): HeaderOption[] {
  const place = { line: 1, column: 1 }
  const given = { ip_version: ipVersion, tolerance_usecs: toleranceUsecs }
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value, place }]))
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
