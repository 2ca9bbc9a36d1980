/** Every script of this folder, one test each: docs/packetdrill.md has the notation. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { formatFailure } from '../../src/packetdrill/report.ts'
import { runScript } from '../../src/packetdrill/runner.ts'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))

for (const name of readdirSync(FOLDER).sort()) {
  if (!name.endsWith('.pkt')) continue
  test(name, () => {
    const failure = runScript(readFileSync(join(FOLDER, name), 'utf8'), { strict: true })
    if (failure !== undefined) assert.fail(formatFailure(`test/packetdrill/${name}`, failure))
  })
}
