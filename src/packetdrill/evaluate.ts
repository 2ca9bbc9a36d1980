import type { Expression, Names, Operand, Statement } from './expression.ts'

/** A value that an expression cannot have: a name that nobody knows, text where a number should be. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError'
}

/** The first assertion that does not hold, or undefined. @param print gets the lines of `print` @throws {EvaluationError} */
export function runCode(
  statements: readonly Statement[],
  names: Names,
  print: (line: string) => void,
): FailedAssertion | undefined {
  for (const statement of statements) {
    if (statement.kind === 'print') {
      print(statement.items.map((item) => show(evaluate(item, names))).join(' '))
    } else if (!truth(evaluate(statement.condition, names))) {
      const message = statement.message === undefined ? undefined : show(evaluate(statement.message, names))
      return { text: statement.text, line: statement.place.line, message, values: valuesIn(statement.condition, names) }
    }
  }
  return undefined
}

export interface FailedAssertion {
  /** The condition as it was written. */
  readonly text: string
  readonly line: number
  readonly message: string | undefined
  /** `tcpi_unacked = 3`, for each name in the condition. */
  readonly values: readonly string[]
}

export function evaluate(expression: Expression, names: Names): Operand {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'name':
      return named(expression.name, names)
    case 'unary': {
      const operand = evaluate(expression.operand, names)
      return expression.operator === 'not' ? !truth(operand) : -number(operand)
    }
    case 'comparison':
      return compareAll(expression, names)
    case 'call': {
      const values = expression.items.map((item) => number(evaluate(item, names)))
      if (expression.name === 'abs') return Math.abs(values[0]!)
      return expression.name === 'min' ? Math.min(...values) : Math.max(...values)
    }
    case 'binary':
      return binary(expression, names)
  }
}

function binary({ operator, left, right }: Expression & { kind: 'binary' }, names: Names): Operand {
  const first = evaluate(left, names)
  if (operator === 'and') return truth(first) ? evaluate(right, names) : first
  if (operator === 'or') return truth(first) ? first : evaluate(right, names)
  const [x, y] = [number(first), number(evaluate(right, names))]
  switch (operator) {
    case '+':
      return x + y
    case '-':
      return x - y
    case '*':
      return x * y
    case '/':
      return x / divisor(y)
    case '//':
      return Math.floor(x / divisor(y))
    case '%':
      // Python's remainder has the divisor's sign.
      return ((x % divisor(y)) + y) % y
    case '&':
      return Number(whole(x) & whole(y))
    case '|':
      return Number(whole(x) | whole(y))
    case '^':
      return Number(whole(x) ^ whole(y))
    case '<<':
      return x * 2 ** y
    default:
      return Math.floor(x / 2 ** y)
  }
}

function compareAll({ first, rest }: Expression & { kind: 'comparison' }, names: Names): boolean {
  let left = evaluate(first, names)
  for (const { operator, operand } of rest) {
    const right = evaluate(operand, names)
    if (!compare(operator, left, right)) return false
    left = right
  }
  return true
}

function compare(operator: string, left: Operand, right: Operand): boolean {
  if (operator === '==') return plain(left) === plain(right)
  if (operator === '!=') return plain(left) !== plain(right)
  const [x, y] = [number(left), number(right)]
  if (operator === '<') return x < y
  if (operator === '<=') return x <= y
  return operator === '>' ? x > y : x >= y
}

/** Python's True is 1. */
function plain(value: Operand): number | string {
  return typeof value === 'boolean' ? Number(value) : value
}

function truth(value: Operand): boolean {
  return Boolean(value)
}

function number(value: Operand): number {
  if (typeof value === 'string') throw new EvaluationError(`"${value}" is text where a number should be`)
  return Number(value)
}

function divisor(value: number): number {
  if (value === 0) throw new EvaluationError('division by zero')
  return value
}

function whole(value: number): bigint {
  if (!Number.isSafeInteger(value)) throw new EvaluationError(`${value} is not a whole number`)
  return BigInt(value)
}

function named(name: string, names: Names): Operand {
  const value = names.get(name)
  if (value !== undefined) return value
  const near = [...names.keys()].filter((other) => resembles(other, name))
  const way = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are: ${[...names.keys()].join(', ')}`
  throw new EvaluationError(`"${name}" is not supported here; ${way}`)
}

/** The last part of the name, or all but the first, stands in the other. */
function resembles(other: string, name: string): boolean {
  const parts = name.toLowerCase().split('_')
  return parts.length > 1 && other.toLowerCase().endsWith(`_${parts.at(-1)}`)
}

/** As Python prints it. */
function show(value: Operand): string {
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value)
}

function valuesIn(expression: Expression, names: Names): string[] {
  const found = new Set<string>()
  const visit = (inner: Expression): void => {
    if (inner.kind === 'name') found.add(inner.name)
    else if (inner.kind === 'unary') visit(inner.operand)
    else if (inner.kind === 'call') inner.items.forEach(visit)
    else if (inner.kind === 'binary') [inner.left, inner.right].forEach(visit)
    else if (inner.kind === 'comparison') [inner.first, ...inner.rest.map(({ operand }) => operand)].forEach(visit)
  }
  visit(expression)
  return [...found].flatMap((name) => (names.has(name) ? [`${name} = ${show(names.get(name)!)}`] : []))
}
