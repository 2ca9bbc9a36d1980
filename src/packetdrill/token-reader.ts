import { type Token, type TokenKind, tokenize } from './lexer.ts'
import { ScriptSyntaxError } from './script.ts'

/** The deepest nesting of brackets: a script is no proof of the runtime's stack. */
const DEEPEST = 64

/** The tokens of a script, read one after the other. */
export class TokenReader {
  readonly source: string
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(source: string) {
    this.source = source
    this.#tokens = tokenize(source)
  }

  /** The token that is read next, or one behind it; at the end of the script, the token `end`. */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!
  }

  next(): Token {
    const token = this.peek()
    this.#at++
    return token
  }

  /** The last token that was read. */
  get last(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length) - 1]!
  }

  is(kind: TokenKind, text?: string): boolean {
    const token = this.peek()
    return token.kind === kind && (text === undefined || token.text === text)
  }

  /** Reads the punctuation, if it comes next. */
  take(punctuation: string): boolean {
    if (!this.is('punctuation', punctuation)) return false
    this.next()
    return true
  }

  /** Reads the word, if it comes next. */
  takeWord(word: string): boolean {
    if (!this.is('word', word)) return false
    this.next()
    return true
  }

  expect(punctuation: string, where: string): void {
    if (!this.take(punctuation)) this.fail(`"${punctuation}" ${where}`)
  }

  word(what: string): string {
    return this.is('word') ? this.next().text : this.fail(what)
  }

  /** A decimal number, `least` to `most`. */
  integer(what: string, least = 0, most = 0xffff_ffff): number {
    if (!this.is('integer')) this.fail(what)
    const value = Number(this.peek().text)
    if (!(value >= least && value <= most)) this.fail(`${what}, ${least} to ${most}`)
    this.next()
    return value
  }

  /** Reads what is between brackets, which may be nested. */
  nested<Result>(read: () => Result): Result {
    if (++this.#depth > DEEPEST) this.fail(`at most ${DEEPEST} brackets within each other`)
    const result = read()
    this.#depth--
    return result
  }

  /** @throws {ScriptSyntaxError} that `expected` should stand here */
  fail(expected: string): never {
    const token = this.peek()
    const found =
      token.kind === 'end' ? 'the end of the script' : `"${shorten(this.source.slice(token.start, token.end))}"`
    throw new ScriptSyntaxError({ line: token.line, column: token.column }, `expected ${expected}, found ${found}`)
  }
}

function shorten(text: string): string {
  const [line] = text.split('\n', 1)
  return line!.length < text.length || text.length > 40 ? `${line!.slice(0, 40)}...` : text
}
