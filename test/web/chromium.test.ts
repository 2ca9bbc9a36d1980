import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { Project, ROOT } from '../package/packed.ts'
import { openPage, withoutChromium } from '../support/chromium.ts'

const LIMIT = 60_000
const options = { skip: withoutChromium, timeout: LIMIT }

/** Runs page.ts as a plain page. */
async function runPage(t: TestContext, plugins: Plugin[] = []): Promise<void> {
  const entry = fileURLToPath(new URL('page.ts', import.meta.url))
  // For a browser: whatever is Node's own would not be found, and fail here.
  const target = { platform: 'browser', format: 'iife' } as const
  const bundle = await build({ entryPoints: [entry], bundle: true, write: false, plugins, ...target })
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
}

test('a plain page in Chromium: 10 MB echoed between two stacks, listeners, close()', options, (t) => runPage(t))

test('the same with estab/web of the packed tarball, whose types need nothing of Node', options, async (t) => {
  const project = new Project()
  t.after(() => project.remove())
  const packed: Plugin = {
    name: 'packed',
    setup({ onResolve, resolve }) {
      const kind = 'import-statement'
      onResolve({ filter: /src\/web\/web\.ts$/ }, () => resolve('estab/web', { resolveDir: project.folder, kind }))
    },
  }
  await runPage(t, [packed])
  const file = project.write(
    'page.mts',
    `import { createWebPair, type Listener, type Socket, type WebNet } from 'estab/web'
     const [server, client]: [WebNet, WebNet] = createWebPair()
     const listener: Listener = server.listen(80)
     const socket: Socket = client.connect(listener.address)
     const stream: ReadableStream<Uint8Array> = socket.readable
     export { stream }\n`,
  )
  const flags =
    '--noEmit --strict --module nodenext --target es2022 --skipLibCheck false --lib es2023,esnext.disposable,dom,dom.iterable'
  const { code, output } = await project.run(join(ROOT, 'node_modules/.bin/tsc'), [
    ...flags.split(' '),
    '--types',
    '',
    file,
  ])
  assert.equal(code, 0, output)
})
