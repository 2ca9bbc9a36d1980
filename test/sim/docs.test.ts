import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'docs/simulator.md'), 'utf8')
const SIM = pathToFileURL(join(ROOT, 'src/sim/index.ts')).href

/** As much of vitest as the page uses. */
const VITEST = `
import assert from 'node:assert/strict'
export { test } from 'node:test'
export const expect = (value) => ({
  toBe: (other) => assert.strictEqual(value, other),
  toBeGreaterThan: (other) => assert.ok(value > other, value + ' > ' + other),
})
`

for (const runner of ['node:test', 'vitest']) {
  test(`the example for ${runner} in docs/simulator.md runs`, () => {
    const code = PAGE.match(new RegExp(`\`\`\`ts ${runner}\n([\\s\\S]*?)\`\`\``))?.[1]
    assert.ok(code)
    const place = mkdtempSync(join(tmpdir(), 'estab-docs-'))
    try {
      writeFileSync(join(place, 'vitest.mjs'), VITEST)
      const file = join(place, 'example.test.mts')
      writeFileSync(file, code.replace("'estab/sim'", `'${SIM}'`).replace("'vitest'", "'./vitest.mjs'"))
      const { NODE_TEST_CONTEXT: _inherited, ...env } = process.env
      const ran = spawnSync(process.execPath, ['--import', 'tsx', '--test', file], { cwd: ROOT, env, encoding: 'utf8' })
      assert.equal(ran.status, 0, ran.stdout + ran.stderr)
      assert.match(ran.stdout, /pass 1/)
    } finally {
      rmSync(place, { recursive: true })
    }
  })
}
