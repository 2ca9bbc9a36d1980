import type { Field, SocketCall, Value } from './script.ts'
import type { TokenReader } from './token-reader.ts'

/** `accept(3, ..., ...) = 4`, or with the span that it blocks in front. @throws {ScriptSyntaxError} */
export function parseCall(reader: TokenReader, parseSeconds: (reader: TokenReader) => number): SocketCall {
  const endUs = reader.take('...') ? parseSeconds(reader) : undefined
  const { line, column } = reader.peek()
  const name = reader.word('a socket call')
  reader.expect('(', `behind "${name}"`)
  const items = parseList(reader, ')')
  reader.expect('=', 'and the result behind a socket call')
  const result = parseValue(reader)
  const errno = reader.is('word') ? reader.next().text : undefined
  if (reader.take('(')) {
    // What the error or the flags mean: for people.
    while (!reader.take(')')) {
      if (reader.is('end')) reader.fail('")" behind a remark')
      reader.next()
    }
  }
  return { name, place: { line, column }, endUs, items, result, errno }
}

/** Values up to the closing bracket, which is read too. */
function parseList(reader: TokenReader, close: string): Value[] {
  return reader.nested(() => {
    const items: Value[] = []
    if (reader.take(close)) return items
    do items.push(parseValue(reader))
    while (reader.take(','))
    reader.expect(close, 'or "," behind a value')
    return items
  })
}

function parseValue(reader: TokenReader): Value {
  let value = parsePrimary(reader)
  while (reader.take('|')) value = { kind: 'or', left: value, right: parsePrimary(reader) }
  return value
}

function parsePrimary(reader: TokenReader): Value {
  const { kind, text, line, column } = reader.peek()
  const place = { line, column }
  switch (kind) {
    case 'integer':
    case 'hex':
    case 'float':
      reader.next()
      return { kind: 'number', value: Number(text), place }
    case 'word':
      reader.next()
      return reader.take('(')
        ? { kind: 'call', name: text, items: parseList(reader, ')') }
        : { kind: 'word', name: text, place }
    case 'string':
      return parseString(reader)
  }
  if (reader.take('...')) return { kind: 'ellipsis' }
  if (reader.take('[')) return { kind: 'list', items: parseList(reader, ']') }
  if (reader.take('{')) return { kind: 'struct', fields: parseFields(reader) }
  return reader.fail('a value: a number, a name, "text", [list], {struct} or ...')
}

function parseString(reader: TokenReader): Value {
  let text = ''
  while (reader.is('string')) text += reader.next().text
  reader.take('...')
  return { kind: 'string', text }
}

/** `onoff=1, linger=0}`, or values without names; `msg_iov(1)=...` is called `msg_iov`. */
function parseFields(reader: TokenReader): Field[] {
  return reader.nested(() => {
    const fields: Field[] = []
    do {
      const value = parseValue(reader)
      const name = value.kind === 'word' || value.kind === 'call' ? value.name : undefined
      if (name !== undefined && reader.take('=')) fields.push({ name, value: parseValue(reader) })
      else fields.push({ name: undefined, value })
    } while (reader.take(','))
    reader.expect('}', 'or "," behind a field')
    return fields
  })
}
