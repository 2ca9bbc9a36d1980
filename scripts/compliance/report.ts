import { type Citations, findCitations, type Place } from './citations.ts'
import { DEVIATIONS, REMARKS } from './remarks.ts'
import { REQUIREMENTS, type Requirement } from './requirements.ts'

/** The test of this report itself names requirements without testing them. */
const OWN_TEST = 'test/compliance.test.ts'

export interface Evidence {
  code: Citations
  tests: Citations
}

export function gather(root: string): Evidence {
  return { code: findCitations(root, 'src', '.ts'), tests: findCitations(root, 'test', '.test.ts', [OWN_TEST]) }
}

/** Identifiers that are cited somewhere and that RFC 9293 does not have, with the files. */
export function unknownCitations({ code, tests }: Evidence): string[] {
  const known = new Set(REQUIREMENTS.map(({ id }) => id))
  return [...code, ...tests]
    .filter(([id]) => !known.has(id))
    .flatMap(([id, places]) => places.map(({ file }) => `${file} cites ${id}`))
}

/** docs/compliance.md. */
export function report(evidence: Evidence): string {
  const lines = [
    '# Compliance with RFC 9293',
    '',
    'Every MUST and SHOULD of [RFC 9293](https://www.rfc-editor.org/rfc/rfc9293) (its appendix B), where it is obeyed and',
    'where that is tested. `npm run compliance` writes this page from the citations in the code and the tests; it is not',
    'edited by hand. The statements are summaries: the RFC has the words that count.',
    '',
    ...totals(evidence),
    '',
  ]
  for (const [kind, title] of [
    ['MUST', 'MUST and MUST NOT'],
    ['SHLD', 'SHOULD and SHOULD NOT'],
  ] as const) {
    lines.push(`## ${title}`, '', '| | § | requirement | obeyed in | tested by |', '|---|---|---|---|---|')
    for (const requirement of ofKind(kind)) lines.push(row(requirement, evidence))
    lines.push('')
  }
  return lines.join('\n')
}

function ofKind(kind: 'MUST' | 'SHLD'): Requirement[] {
  return REQUIREMENTS.filter(({ id }) => id.startsWith(kind))
}

function totals({ code, tests }: Evidence): string[] {
  const lines = [
    '| | in the RFC | obeyed | of these tested | left out on purpose | not yet |',
    '|---|---|---|---|---|---|',
  ]
  for (const kind of ['MUST', 'SHLD'] as const) {
    const ids = ofKind(kind).map(({ id }) => id)
    const left = ids.filter((id) => id in DEVIATIONS)
    const obeyed = ids.filter((id) => code.has(id) && !(id in DEVIATIONS))
    const tested = obeyed.filter((id) => tests.has(id))
    const open = ids.length - obeyed.length - left.length
    lines.push(`| ${kind} | ${ids.length} | ${obeyed.length} | ${tested.length} | ${left.length} | ${open} |`)
  }
  return lines
}

function row({ id, section, statement }: Requirement, { code, tests }: Evidence): string {
  const rfc = `[${section}](https://www.rfc-editor.org/rfc/rfc9293#section-${section})`
  const cells = [
    id,
    rfc,
    statement,
    obeyed(id, code.get(id)),
    places(tests.get(id)) ?? (id in DEVIATIONS ? '' : 'not yet'),
  ]
  return `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`
}

function obeyed(id: string, code: Place[] | undefined): string {
  const remark = DEVIATIONS[id] ?? REMARKS[id]
  const found = places(code)
  const where = id in DEVIATIONS ? `no${found === undefined ? '' : `: ${found}`}` : (found ?? 'not yet')
  return remark === undefined ? where : `${where}<br>${remark}`
}

function places(found: Place[] | undefined): string | undefined {
  return found
    ?.map(({ file, symbol }) => {
      const name =
        symbol === '' ? '' : ` ${file.endsWith('.test.ts') ? symbol.replaceAll('<', '&lt;') : `\`${symbol}\``}`
      return `[${file.replace(/^(src|test)\//, '')}](../${file})${name}`
    })
    .join('<br>')
}
