import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { synPacket } from '../../src/cli/demo/segments.ts'
import { probeNamespace } from '../../src/host/namespace.ts'
import { examples, Project, ROOT } from './packed.ts'

/** The versions that the README's examples are run in: this one, and the next that is supported for long, where it is there. */
const NODES: readonly [name: string, command: string][] = [
  [`Node ${process.versions.node.split('.')[0]}`, process.execPath],
  ['Node 24', 'node24'],
]

let project: Project

before(() => {
  project = new Project()
})

after(() => project.remove())

function missing(command: string): string | false {
  try {
    execFileSync(command, ['--version'], { stdio: 'pipe' })
    return false
  } catch {
    return `there is no ${command} in the PATH`
  }
}

async function succeeds(command: string, args: readonly string[], expected: RegExp = /^$/): Promise<void> {
  const { code, output } = await project.run(command, args)
  assert.equal(code, 0, output)
  assert.match(output, expected)
}

/** The frame that an example is about: a SYN to its listener. */
const SYN = synPacket('10.0.0.1', 4000, '10.0.0.2', 80, 1)

for (const [name, node] of NODES) {
  const skip = missing(node)

  test(`${name}: the net by import and by require`, { skip }, async () => {
    const body = `
      const server = net.createServer((socket) => socket.end('hello')).listen(0, () => {
        net.connect(server.address().port, 'localhost').on('data', (data) => console.log(String(data))).on('close', () => server.close())
      })`
    await succeeds(node, [project.write('import.mjs', `import net from 'estab/net'\n${body}`)], /^hello\n$/)
    await succeeds(node, [project.write('require.cjs', `const net = require('estab/net')\n${body}`)], /^hello\n$/)
  })

  test(`${name}: estab/register for an unchanged program`, { skip }, async () => {
    const app = project.write(
      'app.mjs',
      `import http from 'node:http'
       import { Socket } from 'node:net'
       const server = http.createServer((request, response) => response.end(String(request.socket instanceof Socket)))
       server.listen(0, async () => {
         console.log(await (await fetch('http://localhost:' + server.address().port)).text(), 'estab' in Socket.prototype)
         server.close()
         server.closeAllConnections()
       })`,
    )
    await succeeds(node, ['--import', 'estab/register', app], /^true true\n$/)
  })

  for (const [index, text] of examples('README.md').entries()) {
    test(`${name}: example ${index + 1} of the README`, { skip }, async (t) => {
      // What the text around it speaks of; and a server serves until somebody stops it.
      const around = `Object.assign(globalThis, { frame: new Uint8Array([${SYN}]), buffer: new Uint8Array(1500), now: 0 })\n`
      const file = project.write(
        `readme-${index}.mjs`,
        `${around}setTimeout(() => process.exit(), 500).unref()\n${text}`,
      )
      if (!text.includes('openTun')) {
        await succeeds(node, [file], /^/)
        return
      }
      const probe = await probeNamespace()
      if (!probe.ok) return t.skip(probe.reason)
      const [unshare, ...flags] = probe.command
      await succeeds(unshare!, [...flags, node, file], /^/)
    })
  }
}

test('its types, as a project in TypeScript sees them', async () => {
  const file = project.write(
    'types.mts',
    `import net, { createNet, type Server, type Socket } from 'estab/net'
     import type nodeNet from 'node:net'
     const server: Server = net.createServer((socket: Socket) => { socket.end(socket.remoteAddress ?? '') })
     const old: typeof nodeNet = net
     export { createNet, old, server }\n`,
  )
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--skipLibCheck',
    'false',
    '--types',
    'node',
  ]
  await succeeds(join(ROOT, 'node_modules/.bin/tsc'), [...flags, '--lib', 'es2023,esnext.disposable,dom', file])
})
