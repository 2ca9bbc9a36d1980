import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { openPage, withoutChromium } from '../support/chromium.ts'

const LIMIT = 60_000

test('a plain page in Chromium: 10 MB echoed between two stacks, listeners, close()', {
  skip: withoutChromium,
  timeout: LIMIT,
}, async (t) => {
  const entry = fileURLToPath(new URL('page.ts', import.meta.url))
  // For a browser: whatever is Node's own would not be found, and fail here.
  const bundle = await build({ entryPoints: [entry], bundle: true, write: false, platform: 'browser', format: 'iife' })
  const folder = mkdtempSync(join(tmpdir(), 'estab-page-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'page.html')
  writeFileSync(file, `<!doctype html><meta charset="utf-8"><script>${bundle.outputFiles[0]!.text}</script>`)
  const page = await openPage(t)
  const failures: Error[] = []
  page.on('pageerror', (error) => failures.push(error))
  await page.goto(pathToFileURL(file).href)
  assert.deepEqual(await page.evaluate('results'), {
    echo: 'whole',
    closing: [
      'read: end',
      'SocketError: connect ECONNREFUSED 127.0.0.1:80',
      'SocketError: lookup ENOTFOUND example.com',
    ],
  })
  assert.deepEqual(failures, [])
})
