/**
 * Finds where requirements are cited. A place is named by its symbol or its test, not by its line: a line number is
 * wrong after the next edit above it, and would make the report stale with every one.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Place {
  /** From the repository's root. */
  file: string
  /** A declaration (`Listener.accept`) or the title of a test; empty for the head of a file. */
  symbol: string
}

/** The places that cite each requirement, by its identifier, in the order of their files. */
export type Citations = Map<string, Place[]>

/** `MUST-8`; `MUST-2/3` is two and `MUST-24..29` is six. */
const CITATION = /\b(MUST|SHLD)-(\d+)((?:\/\d+)*)(?:\.\.(\d+))?/g

export function citedIn(text: string): string[] {
  return [...text.matchAll(CITATION)].flatMap(([, kind, first, more, last]) => {
    const numbers = [Number(first), ...(more ?? '').split('/').filter(Boolean).map(Number)]
    const from = numbers.at(-1)!
    for (let n = from + 1; n <= Number(last ?? 0); n++) numbers.push(n)
    return numbers.map((n) => `${kind}-${n}`)
  })
}

/** Reads every file below `folder` whose name ends in `suffix` and that `skip` does not name. */
export function findCitations(root: string, folder: string, suffix: string, skip: readonly string[] = []): Citations {
  const found: Citations = new Map()
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith(suffix) && !skip.includes(file))
    .sort()
  for (const file of files) {
    const lines = readFileSync(join(root, file), 'utf8').split('\n')
    for (const [index, line] of lines.entries()) {
      for (const id of citedIn(line)) {
        const symbol = suffix === '.test.ts' ? testAt(lines, index) : symbolAt(lines, index)
        add(found, id, { file, symbol })
      }
    }
  }
  return found
}

function add(found: Citations, id: string, place: Place): void {
  const places = found.get(id) ?? []
  found.set(id, places)
  if (!places.some(({ file, symbol }) => file === place.file && symbol === place.symbol)) places.push(place)
}

const COMMENT = /^\s*(?:\/\/|\/\*|\*)/
const DECLARATION =
  /^\s*(?:export\s+)?(?:declare\s+|abstract\s+|async\s+)*(?:function\*?|class|interface|type|const|let)\s+(\w+)/
const MEMBER =
  /^\s+(?:(?:static|readonly|override|async|get|set)\s+)*(?!(?:if|for|while|switch|return|const|let)\b)(#?\w+)\??\s*(?:\(.*\{$|<.*\{$|:.*[^,]$|=.*|\($)/
/** The end of a list of parameters that takes several lines: what it closes began above. */
const CLOSING = /^\s*\)/
const CLASS = /^(?:export\s+)?(?:abstract\s+)?(?:class|interface)\s+(\w+)/

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

/** What line `index` belongs to: the declaration under the comment that it is part of, or else the one around it. */
function symbolAt(lines: readonly string[], index: number): string {
  const below = codeBelow(lines, index)
  const own = below === undefined ? undefined : nameAt(lines, below)
  if (own !== undefined && below !== undefined && isOuter(lines[below]!)) return own
  for (let at = index, indent = indentOf(lines[below ?? index]!); at >= 0; at--) {
    const line = lines[at]!
    if (line.trim() === '' || COMMENT.test(line) || indentOf(line) >= indent || CLOSING.test(line)) continue
    indent = indentOf(line)
    const name = isOuter(line) ? nameAt(lines, at) : undefined
    if (name !== undefined) return name
  }
  return ''
}

/** The first line of code from `index` on, when nothing but the comment lies between. */
function codeBelow(lines: readonly string[], index: number): number | undefined {
  let at = index
  while (at < lines.length && COMMENT.test(lines[at]!)) at++
  return at < lines.length && lines[at]!.trim() !== '' ? at : undefined
}

/** Whether the line declares something of the file or a member of its class, rather than a local variable. */
function isOuter(line: string): boolean {
  const indent = indentOf(line)
  return indent === 0 ? DECLARATION.test(line) : indent === 2 && MEMBER.test(line)
}

function nameAt(lines: readonly string[], at: number): string | undefined {
  const line = lines[at]!
  if (indentOf(line) === 0) return DECLARATION.exec(line)?.[1]
  const member = MEMBER.exec(line)?.[1]
  const owner = lines
    .slice(0, at)
    .reverse()
    .find((above) => above !== '' && indentOf(above) === 0 && !COMMENT.test(above))
  const name = owner === undefined ? undefined : (CLASS.exec(owner)?.[1] ?? DECLARATION.exec(owner)?.[1])
  if (member === undefined || name === undefined) return member ?? name
  return `${name}.${member}`
}

const TEST = /\b(?:test|it|describe)(?:\.\w+)?\(\s*(['"`])((?:\\.|(?!\1).)*)\1/

/** The test whose title or body has the citation, or that the comment stands above. */
function testAt(lines: readonly string[], index: number): string {
  const below = codeBelow(lines, index)
  const titled = below === undefined ? undefined : titleAt(lines, below)
  if (titled !== undefined) return titled
  for (let at = index; at >= 0; at--) {
    const title = indentOf(lines[at]!) < indentOf(lines[index]!) ? titleAt(lines, at) : undefined
    if (title !== undefined) return title
  }
  return ''
}

function titleAt(lines: readonly string[], at: number): string | undefined {
  const line = lines[at]!
  const split = /\b(?:test|it|describe)\($/.test(line) ? line + (lines[at + 1] ?? '').trim() : line
  // The citation itself would be said twice.
  return TEST.exec(split)?.[2]
    ?.replaceAll('\\', '')
    .replace(/,?\s*\(RFC 9293 [^)]*\)/, '')
}
