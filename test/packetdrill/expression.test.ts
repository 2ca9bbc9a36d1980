import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EvaluationError, evaluate, runCode } from '../../src/packetdrill/evaluate.ts'
import { type Operand, parseCode } from '../../src/packetdrill/expression.ts'

const NAMES = new Map<string, Operand>([
  ['tcpi_unacked', 3],
  ['tcpi_options', 6],
  ['tcpi_snd_cwnd', 10],
])

function value(text: string): Operand {
  const [statement] = parseCode(`assert ${text}`, { line: 1, column: 1 })
  assert.ok(statement?.kind === 'assert')
  return evaluate(statement.condition, NAMES)
}

describe('values are those of Python', () => {
  const cases: [string, Operand][] = [
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['7 // 2', 3],
    ['-7 // 2', -4],
    ['-7 % 3', 2],
    ['7 / 2', 3.5],
    ['- - 3', 3],
    ['- - - 3', -3],
    ['1 << 3 | 1', 9],
    ['tcpi_options & 4', 4],
    ['5 ^ 1', 4],
    ['0x10', 16],
    ['1 < 2 < 3', true],
    ['1 < 3 < 2', false],
    ['1 == True', true],
    ['not 1 == 2', true],
    ['not not 5', true],
    ['0 or 7', 7],
    ['0 and 7', 0],
    ['2 | 1 == 3', true],
    ['min(3, 1, 2) + max(4, 5) + abs(-1)', 7],
    ['"a" == "a"', true],
    ['(1 +\n2)', 3],
    ['tcpi_snd_cwnd - tcpi_unacked # the rest', 7],
  ]
  for (const [text, expected] of cases) test(text, () => assert.equal(value(text), expected))
})

test('what has no value says so', () => {
  assert.throws(() => value('1 / 0'), EvaluationError)
  assert.throws(() => value('"a" + 1'), /"a" is text where a number should be/)
  assert.throws(() => value('1.5 & 1'), /1\.5 is not a whole number/)
  assert.throws(() => value('tcpi_acked'), /"tcpi_acked" is not supported here/)
  assert.throws(() => value('nonsense'), /there are: tcpi_unacked, tcpi_options/)
})

test('statements end with a line or a semicolon; the first assertion that fails is told', () => {
  const printed: string[] = []
  const code = 'assert 1; print "a", 2\nprint()\n\nassert tcpi_unacked == 4, "because"\nassert 0'
  const failed = runCode(parseCode(code, { line: 5, column: 1 }), NAMES, (line) => printed.push(line))
  assert.deepEqual(printed, ['a 2', ''])
  assert.deepEqual(failed, {
    text: 'tcpi_unacked == 4',
    line: 8,
    message: 'because',
    values: ['tcpi_unacked = 3'],
  })
})

test('nothing but these statements is read', () => {
  for (const text of [
    'import os',
    'x = 1',
    'assert open("x")',
    'assert (lambda: 1)()',
    'assert a.b',
    'exec("1")',
    'assert [1]',
  ]) {
    assert.throws(() => parseCode(text, { line: 1, column: 1 }), /expected/)
  }
})
