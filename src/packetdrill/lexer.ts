import { type Place, ScriptSyntaxError } from './script.ts'

export type TokenKind =
  | 'integer'
  | 'hex'
  | 'float'
  | 'word'
  | 'string'
  | 'command'
  | 'code'
  | 'option'
  | 'punctuation'
  | 'end'

export interface Token extends Place {
  readonly kind: TokenKind
  /** As it was written; of a string, a command or a code what is between the quotes. */
  readonly text: string
  /** Where it starts and ends in the source. */
  readonly start: number
  readonly end: number
}

/** In the order in which they are tried; the first that matches is the token. */
const PATTERNS: readonly (readonly [TokenKind | 'space', RegExp])[] = [
  ['space', /[ \t\r\n\f\v]+|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\//y],
  ['option', /--[A-Za-z0-9_]+(?:=(?:"[^"\n]*"|`[^`\n]*`|[^\s"`#]+(?:"[^"\n]*"|`[^`\n]*`)?))?/y],
  ['float', /-?\d*\.\d+/y],
  ['integer', /-?\d+(?![A-Za-z0-9_])/y],
  ['hex', /0x[0-9a-fA-F]+(?![A-Za-z0-9_])/y],
  ['word', /[A-Za-z0-9_]+/y],
  ['string', /"(?:\\[\s\S]|[^"\\])*"/y],
  ['command', /`(?:\\[\s\S]|[^`\\])*`/y],
  ['code', /%\{[\s\S]*?\}%/y],
  ['punctuation', /\.\.\./y],
]

/** What begins like this and matches nothing above has no end. */
const UNENDED: readonly (readonly [string, string])[] = [
  ['/*', 'this comment has no end: */'],
  ['"', 'this string has no end: "'],
  ['`', 'this command has no end: `'],
  ['%{', 'this code has no end: }%'],
]

/** Octets of the quotes around a token's text. */
const QUOTES: Partial<Record<TokenKind, number>> = { string: 1, command: 1, code: 2 }

/** Cuts a script into tokens; the last is of kind `end`. @throws {ScriptSyntaxError} */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  let lineStart = 0
  let at = 0
  while (at < source.length) {
    const place = { line, column: at - lineStart + 1 }
    const [kind, end] = match(source, at, place)
    if (kind !== 'space') {
      const quotes = QUOTES[kind] ?? 0
      tokens.push({ ...place, kind, text: source.slice(at + quotes, end - quotes), start: at, end })
    }
    for (let i = source.indexOf('\n', at); i >= 0 && i < end; i = source.indexOf('\n', i + 1)) {
      line++
      lineStart = i + 1
    }
    at = end
  }
  tokens.push({ line, column: at - lineStart + 1, kind: 'end', text: '', start: at, end: at })
  return tokens
}

function match(source: string, at: number, place: Place): [kind: TokenKind | 'space', end: number] {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at
    if (pattern.test(source)) return [kind, pattern.lastIndex]
  }
  for (const [start, problem] of UNENDED) {
    if (source.startsWith(start, at)) throw new ScriptSyntaxError(place, problem)
  }
  return ['punctuation', at + 1]
}
