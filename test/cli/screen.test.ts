import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Screen } from '../../src/cli/screen.ts'

const [WIPE, NO_WRAP, WRAP] = ['\r\u001b[2K', '\u001b[?7l', '\u001b[?7h']

/** A terminal, and the lines that stand on it in the end. */
function terminal(isTTY: boolean): { screen: Screen; written: string[]; lines(): string[] } {
  const written: string[] = []
  const screen = new Screen({ isTTY, write: (text) => written.push(text) }, isTTY)
  const lines = (): string[] => {
    const text = written.join('').replaceAll(NO_WRAP, '').replaceAll(WRAP, '')
    return text.split('\n').map((line) => line.split(WIPE).at(-1)!)
  }
  return { screen, written, lines }
}

test('on a terminal the live line is written over, and others come above it', () => {
  const { screen, lines } = terminal(true)
  screen.line('heading')
  screen.live('1 of 3')
  screen.live('2 of 3')
  screen.line('by the way')
  screen.live('3 of 3')
  assert.deepEqual(lines(), ['heading', 'by the way', '3 of 3'])
  screen.settle()
  screen.settle()
  screen.line('below')
  assert.deepEqual(lines(), ['heading', 'by the way', '3 of 3', 'below', ''])
})

test('a live line is not broken in two by a narrow terminal', () => {
  const { screen, written } = terminal(true)
  screen.live('wide')
  assert.deepEqual(written, [`${WIPE}${NO_WRAP}wide${WRAP}`])
})

test('elsewhere each is a line of its own, and there are no control sequences', () => {
  const { screen, written } = terminal(false)
  screen.live('1 of 2')
  screen.line('by the way')
  screen.live('2 of 2')
  screen.settle()
  assert.equal(written.join(''), '1 of 2\nby the way\n2 of 2\n')
})
