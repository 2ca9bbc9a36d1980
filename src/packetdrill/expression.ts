/**
 * The language between `%{` and `}%`: a few statements of Python's over the fields of tcp_info, read by this parser and
 * never given to any other. docs/packetdrill.md has its grammar.
 */
import { type Place, ScriptSyntaxError } from './script.ts'

export type Operand = number | string | boolean

/** The names that an expression may use. */
export type Names = ReadonlyMap<string, Operand>

export type Expression =
  | { readonly kind: 'literal'; readonly value: Operand }
  | { readonly kind: 'name'; readonly name: string; readonly place: Place }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Expression }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  /** `a < b <= c`, as Python chains them. */
  | { readonly kind: 'comparison'; readonly first: Expression; readonly rest: readonly Compared[] }
  | { readonly kind: 'call'; readonly name: string; readonly items: readonly Expression[] }

interface Compared {
  readonly operator: string
  readonly operand: Expression
}

export type Statement =
  | {
      readonly kind: 'assert'
      readonly condition: Expression
      readonly message: Expression | undefined
      readonly text: string
      readonly place: Place
    }
  | { readonly kind: 'print'; readonly items: readonly Expression[] }

interface Lexeme extends Place {
  readonly kind: 'number' | 'string' | 'name' | 'operator' | 'newline' | 'end'
  readonly text: string
  readonly start: number
  readonly end: number
}

const LEXEMES: readonly (readonly [Lexeme['kind'] | 'space', RegExp])[] = [
  ['space', /[ \t\r]+|#[^\n]*|\\\n/y],
  ['newline', /[\n;]/y],
  ['number', /0x[0-9a-fA-F]+|\d*\.\d+(?:e-?\d+)?|\d+(?:\.\d*)?(?:e-?\d+)?/y],
  ['string', /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/y],
  ['name', /[A-Za-z_]\w*/y],
  ['operator', /==|!=|<=|>=|<<|>>|\/\/|[-+*/%&|^<>(),]/y],
]
const COMPARISONS: readonly string[] = ['==', '!=', '<', '<=', '>', '>=']
/** From the loosest to the tightest, between comparisons and the unary operators. */
const LEVELS: readonly (readonly string[])[] = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '//', '%']]
const FUNCTIONS: Record<string, (...values: number[]) => number> = { min: Math.min, max: Math.max, abs: Math.abs }
const RESERVED: readonly string[] = ['assert', 'print', 'and', 'or', 'not']
const DEEPEST = 64

/** @param place where the code starts in the script, behind `%{` @throws {ScriptSyntaxError} */
export function parseCode(text: string, place: Place): Statement[] {
  return new CodeParser(text, place).parse()
}

class CodeParser {
  readonly #text: string
  readonly #lexemes: Lexeme[]
  #at = 0
  #depth = 0

  constructor(text: string, place: Place) {
    this.#text = text
    this.#lexemes = cut(text, place)
  }

  parse(): Statement[] {
    const statements: Statement[] = []
    for (;;) {
      while (this.#peek().kind === 'newline') this.#at++
      if (this.#peek().kind === 'end') return statements
      statements.push(this.#statement())
      if (this.#peek().kind !== 'newline' && this.#peek().kind !== 'end') this.#fail('the end of the statement')
    }
  }

  #statement(): Statement {
    const { line, column, text } = this.#peek()
    if (this.#take('assert')) {
      const { start } = this.#peek()
      const condition = this.#or()
      const end = this.#lexemes[this.#at - 1]!.end
      const message = this.#take(',') ? this.#or() : undefined
      return { kind: 'assert', condition, message, text: this.#text.slice(start, end).trim(), place: { line, column } }
    }
    if (!this.#take('print'))
      this.#fail(`"assert" or "print": of other statements, such as "${text}", none is supported here`)
    const parenthesised = this.#take('(')
    const items: Expression[] = []
    if (!parenthesised || !this.#take(')')) {
      do items.push(this.#or())
      while (this.#take(','))
      if (parenthesised) this.#expect(')')
    }
    return { kind: 'print', items }
  }

  #or(): Expression {
    if (++this.#depth > DEEPEST) this.#fail(`at most ${DEEPEST} brackets within each other`)
    let left = this.#and()
    while (this.#take('or')) left = { kind: 'binary', operator: 'or', left, right: this.#and() }
    this.#depth--
    return left
  }

  #and(): Expression {
    let left = this.#not()
    while (this.#take('and')) left = { kind: 'binary', operator: 'and', left, right: this.#not() }
    return left
  }

  #not(): Expression {
    let negations = 0
    while (this.#take('not')) negations++
    let operand = this.#comparison()
    for (negations = atMostTwo(negations); negations > 0; negations--)
      operand = { kind: 'unary', operator: 'not', operand }
    return operand
  }

  #comparison(): Expression {
    const first = this.#level(0)
    const rest: Compared[] = []
    while (COMPARISONS.includes(this.#peek().text) && this.#peek().kind === 'operator') {
      const operator = this.#lexemes[this.#at++]!.text
      rest.push({ operator, operand: this.#level(0) })
    }
    return rest.length === 0 ? first : { kind: 'comparison', first, rest }
  }

  #level(level: number): Expression {
    const operators = LEVELS[level]
    if (operators === undefined) return this.#unary()
    let left = this.#level(level + 1)
    while (this.#peek().kind === 'operator' && operators.includes(this.#peek().text)) {
      const operator = this.#lexemes[this.#at++]!.text
      left = { kind: 'binary', operator, left, right: this.#level(level + 1) }
    }
    return left
  }

  #unary(): Expression {
    let negations = 0
    while (this.#take('-')) negations++
    let operand = this.#primary()
    for (negations = atMostTwo(negations); negations > 0; negations--)
      operand = { kind: 'unary', operator: '-', operand }
    return operand
  }

  #primary(): Expression {
    const { kind, text, line, column } = this.#peek()
    if (this.#take('(')) {
      const inner = this.#or()
      this.#expect(')')
      return inner
    }
    if (kind !== 'number' && kind !== 'string' && (kind !== 'name' || RESERVED.includes(text))) {
      this.#fail('a number, a name such as tcpi_unacked, or "("')
    }
    this.#at++
    if (kind === 'number') return { kind: 'literal', value: Number(text) }
    if (kind === 'string') return { kind: 'literal', value: text.slice(1, -1).replace(/\\(.)/g, '$1') }
    if (text === 'True' || text === 'False') return { kind: 'literal', value: text === 'True' }
    if (!this.#take('(')) return { kind: 'name', name: text, place: { line, column } }
    if (!Object.hasOwn(FUNCTIONS, text))
      this.#fail(`one of ${Object.keys(FUNCTIONS).join(', ')}: no other function is supported here`)
    const items: Expression[] = []
    do items.push(this.#or())
    while (this.#take(','))
    this.#expect(')')
    return { kind: 'call', name: text, items }
  }

  #peek(): Lexeme {
    return this.#lexemes[Math.min(this.#at, this.#lexemes.length - 1)]!
  }

  #take(text: string): boolean {
    const lexeme = this.#peek()
    if (lexeme.text !== text || lexeme.kind === 'string') return false
    this.#at++
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#fail(`"${text}"`)
  }

  #fail(expected: string): never {
    const { kind, text, line, column } = this.#peek()
    const found = kind === 'end' ? 'the end of the code' : kind === 'newline' ? 'the end of the line' : text
    throw new ScriptSyntaxError({ line, column }, `expected ${expected}, found ${found}`)
  }
}

/** As many as say the same: a thousand negations are two. */
function atMostTwo(negations: number): number {
  return negations === 0 ? 0 : 2 - (negations % 2)
}

/** Line breaks within brackets are none. */
function cut(text: string, place: Place): Lexeme[] {
  const lexemes: Lexeme[] = []
  let { line, column } = place
  let brackets = 0
  for (let at = 0; at < text.length; ) {
    const [kind, end] = match(text, at, { line, column })
    const lexeme = text.slice(at, end)
    if (lexeme === '(') brackets++
    if (lexeme === ')') brackets--
    if (kind !== 'space' && !(kind === 'newline' && brackets > 0)) {
      lexemes.push({ kind, text: lexeme, line, column, start: at, end })
    }
    const breaks = lexeme.lastIndexOf('\n')
    if (breaks >= 0) line++
    column = breaks >= 0 ? lexeme.length - breaks : column + lexeme.length
    at = end
  }
  lexemes.push({ kind: 'end', text: '', line, column, start: text.length, end: text.length })
  return lexemes
}

function match(text: string, at: number, place: Place): [kind: Lexeme['kind'] | 'space', end: number] {
  for (const [kind, pattern] of LEXEMES) {
    pattern.lastIndex = at
    if (pattern.test(text)) return [kind, pattern.lastIndex]
  }
  throw new ScriptSyntaxError(place, `expected an expression, found ${JSON.stringify(text[at])}`)
}
