import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const NETWORK = fileURLToPath(new URL('../../src/sim/network.ts', import.meta.url))

test('estab/sim/network runs without Node: no module that it needs is one of its own', () => {
  const seen = new Set<string>()
  const foreign: string[] = []
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const [, specifier] of readFileSync(file, 'utf8').matchAll(
      /^(?:import|export) (?!type )[^'`]*?from '([^']+)'/gm,
    )) {
      if (specifier!.startsWith('.')) visit(join(dirname(file), specifier!))
      else foreign.push(`${file}: ${specifier}`)
    }
  }
  visit(NETWORK)
  assert.deepEqual(foreign, [])
  assert.ok(seen.size > 50)
})
