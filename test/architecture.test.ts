import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** Folder by folder, whom a layer may import: other folders, packages, Node's own modules. ARCHITECTURE.md has the reasons. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  wire: [],
  tcp: ['wire'],
  ip: ['tcp', 'wire'],
  udp: ['ip', 'tcp', 'wire'],
  stack: ['udp', 'ip', 'tcp', 'wire'],
  link: ['wire'],
  sim: ['net', 'host', 'stack', 'udp', 'ip', 'link', 'tcp', 'wire'],
  packetdrill: ['sim', 'stack', 'tcp', 'wire'],
  host: ['stack', 'udp', 'ip', 'link', 'tcp', 'wire', 'node:', 'koffi'],
  net: ['host', 'stack', 'udp', 'ip', 'link', 'tcp', 'wire', 'node:'],
  // Of net only what needs nothing of Node's.
  web: ['net', 'host', 'stack', 'udp', 'ip', 'link', 'tcp', 'wire'],
  register: ['net', 'host', 'node:'],
  cli: [
    'net',
    'sim',
    'packetdrill',
    'host',
    'stack',
    'udp',
    'ip',
    'link',
    'tcp',
    'wire',
    'node:',
    'commander',
    'picocolors',
    'sirv',
  ],
}

/** Here time comes in as an argument and chance as a seed: the same input gives the same octets. */
const CORE = ['wire', 'tcp', 'ip', 'udp', 'stack', 'link', 'sim', 'packetdrill']
const IMPURE =
  /(?<![.\w])(Date|Buffer|setTimeout|setInterval|setImmediate|queueMicrotask|(?:performance|process|console|crypto|globalThis)(?=\.)|Math\.random)\b/g

/** Files grow past the 300 lines of the convention by a little; by more they are to be split. */
const MOST_LINES = 320

interface SourceFile {
  /** From src/, with `/` between its parts. */
  path: string
  layer: string
  text: string
  /** Without comments and quoted strings. */
  code: string
}

const files: SourceFile[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replaceAll('\\', '/'))
  .sort()
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8')
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'/g, (cut) => cut.replace(/[^\n]/g, ' '))
    return { path, layer: path.split('/')[0]!, text, code }
  })

function imports(text: string): string[] {
  const pattern = /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm
  return [...text.matchAll(pattern)].map((match) => (match[1] ?? match[2] ?? match[3])!)
}

/** A layer, a package, or `node:`. */
function target(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(dirname(from), specifier).split('/')[0]!
  return specifier.startsWith('node:') ? 'node:' : specifier.split('/')[0]!
}

function matches(file: SourceFile, pattern: RegExp): string[] {
  return [...file.code.matchAll(pattern)].map((match) => {
    const line = file.code.slice(0, match.index).split('\n').length
    return `src/${file.path}:${line}: ${match[0].trim()}`
  })
}

test('every folder of src has a row in the table of imports', () => {
  assert.deepEqual(
    files.map(({ layer }) => layer).filter((layer) => MAY_IMPORT[layer] === undefined),
    [],
  )
})

test('imports point down', () => {
  const wrong = files.flatMap(({ path, layer, text }) =>
    imports(text)
      .filter((specifier) => ![layer, ...(MAY_IMPORT[layer] ?? [])].includes(target(path, specifier)))
      .map((specifier) => `src/${path} imports ${specifier}`),
  )
  assert.deepEqual(wrong, [])
})

test('below host nobody has a clock, timers, chance, or anything else of Node', () => {
  assert.deepEqual(
    files.filter(({ layer }) => CORE.includes(layer)).flatMap((file) => matches(file, IMPURE)),
    [],
  )
})

test('src/web needs nothing of Node, however deep', () => {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const reached = new Set(files.filter(({ layer }) => layer === 'web'))
  const foreign: string[] = []
  for (const { path, text } of reached) {
    for (const specifier of imports(text.replace(/^\s*(?:import|export) type\b.*$/gm, ''))) {
      const file = byPath.get(posix.join(dirname(path), specifier))
      if (file === undefined) foreign.push(`src/${path} imports ${specifier}`)
      else reached.add(file)
    }
  }
  assert.deepEqual(foreign, [])
  assert.ok(reached.size > 100)
})
/** Modules that stand for node:net, which has one. */
const HAVE_DEFAULT = ['net/index.ts', 'register/facade.ts']

test('no default exports', () => {
  const others = files.filter(({ path }) => !HAVE_DEFAULT.includes(path))
  assert.deepEqual(
    others.flatMap((file) => matches(file, /\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/g)),
    [],
  )
})

test('no any', () => {
  assert.deepEqual(
    files.flatMap((file) => matches(file, /(?:[:<|&,(=]|\bas)\s*any\b(?!\s*[=(.:])/g)),
    [],
  )
})

test(`no file is longer than ${MOST_LINES} lines`, () => {
  const long = files
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > MOST_LINES)
  assert.deepEqual(long, [])
})
