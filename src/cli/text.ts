/** Columns that output is laid out for. */
export const COLUMNS = 100

/** Breaks `text` between words, so that every line, with `indent` before it, fits. */
export function wrap(text: string, indent = 0, columns: number = COLUMNS): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > columns) {
      lines.push(' '.repeat(indent) + line)
      line = word
    } else {
      line += line === '' ? word : ` ${word}`
    }
  }
  return [...lines, ' '.repeat(indent) + line]
}

/** `label` once, and `text` beside it, wrapped. */
export function labelled(label: string, text: string, width: number): string[] {
  const [first, ...rest] = wrap(text, width)
  return [label.padEnd(width) + first!.trimStart(), ...rest]
}
