import { inspect } from 'node:util'

/** An error of Node's own: `code` is its name, and message and `toString` are as Node writes them. */
export type NodeError = Error & { code: string }

type ErrorKind = typeof Error | typeof TypeError | typeof RangeError

const TYPES = new Set(['string', 'function', 'number', 'object', 'Function', 'Object', 'boolean', 'bigint', 'symbol'])

/** Of this kind, with the code in the first line of its stack, as Node has it. */
export function nodeError(Kind: ErrorKind, code: string, message: string): NodeError {
  const error = new Kind(message) as NodeError
  const { name } = error
  // V8 writes the head of the stack when it is first asked for.
  Object.defineProperty(error, 'name', { value: `${name} [${code}]`, configurable: true })
  void error.stack
  Reflect.deleteProperty(error, 'name')
  Object.defineProperty(error, 'toString', {
    value: () => `${name} [${code}]: ${error.message}`,
    configurable: true,
    writable: true,
  })
  error.code = code
  return error
}

/** ERR_INVALID_ARG_TYPE: `The "name" argument must be of type number. Received null` */
export function invalidArgType(name: string, expected: string | readonly string[], actual: unknown): NodeError {
  const message = `The ${subject(name)} must be ${wanted([expected].flat())}. Received ${received(actual)}`
  return nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', message)
}

/** ERR_INVALID_ARG_VALUE: `The property 'options.x' is not supported. Received true` */
export function invalidArgValue(name: string, value: unknown, reason = 'is invalid'): NodeError {
  const text = inspect(value)
  const shown = text.length > 128 ? `${text.slice(0, 128)}...` : text
  const kind = name.includes('.') ? 'property' : 'argument'
  return nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${shown}`)
}

/** ERR_OUT_OF_RANGE: `The value of "name" is out of range. It must be >= 1. Received 0` */
export function outOfRange(name: string, range: string, value: unknown): NodeError {
  const large = Number.isInteger(value) && Math.abs(value as number) > 2 ** 32
  const shown = large ? String(value).replace(/\B(?=(\d{3})+$)/g, '_') : inspect(value)
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${shown}`
  return nodeError(RangeError, 'ERR_OUT_OF_RANGE', message)
}

/** ERR_MISSING_ARGS, for one argument that may be any of these. */
export function missingArgs(...names: readonly string[]): NodeError {
  const which = names.map((name) => `"${name}"`).join(' or ')
  return nodeError(TypeError, 'ERR_MISSING_ARGS', `The ${which} argument must be specified`)
}

export function socketClosed(): NodeError {
  return nodeError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed')
}

export function closedBeforeConnection(): NodeError {
  const message = 'Socket closed before the connection was established'
  return nodeError(Error, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION', message)
}

export function connectionTimeout(): NodeError {
  return nodeError(Error, 'ERR_SOCKET_CONNECTION_TIMEOUT', 'Socket connection timeout')
}

export function invalidIpAddress(address: unknown): NodeError {
  return nodeError(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${String(address)}`)
}

export function invalidAddressFamily(family: unknown, host: unknown, port: unknown): NodeError {
  const message = `Invalid address family: ${String(family)} ${String(host)}:${String(port)}`
  return Object.assign(nodeError(RangeError, 'ERR_INVALID_ADDRESS_FAMILY', message), { host, port })
}

export function ipBlocked(address: string): NodeError {
  return nodeError(Error, 'ERR_IP_BLOCKED', `IP(${address}) is blocked by net.BlockList`)
}

/** How Node names what it got: `type number (-1)`, `an instance of Date`. */
export function received(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value === 'object') {
    const made = (value as { constructor?: { name?: unknown } }).constructor
    return made && 'name' in made ? `an instance of ${String(made.name)}` : inspect(value, { depth: -1 })
  }
  if (typeof value === 'string') {
    const shown = value.length > 28 ? `${value.slice(0, 25)}...` : value
    return shown.includes("'") ? `type string (${JSON.stringify(shown)})` : `type string ('${shown}')`
  }
  return `type ${typeof value} (${inspect(value)})`
}

function subject(name: string): string {
  if (name.endsWith(' argument')) return name
  return `"${name}" ${name.includes('.') ? 'property' : 'argument'}`
}

function wanted(expected: readonly string[]): string {
  const isClass = (name: string): boolean => !TYPES.has(name) && /^[A-Z][a-zA-Z0-9]*$/.test(name)
  const classes = expected.filter(isClass)
  const isType = (name: string): boolean => TYPES.has(name)
  let types = expected.filter(isType).map((name) => name.toLowerCase())
  if (classes.length > 0 && types.includes('object')) {
    types = types.filter((type) => type !== 'object')
    classes.push('Object')
  }
  const others = expected.filter((name) => !isType(name) && !isClass(name))
  const parts: string[] = []
  if (types.length > 0) parts.push(`${types.length > 1 ? 'one of type' : 'of type'} ${alternatives(types)}`)
  if (classes.length > 0) parts.push(`an instance of ${alternatives(classes)}`)
  if (others.length > 1) parts.push(`one of ${alternatives(others)}`)
  else if (others.length === 1) parts.push(others[0] === others[0]!.toLowerCase() ? others[0]! : `an ${others[0]}`)
  return parts.join(' or ')
}

function alternatives(words: readonly string[]): string {
  if (words.length < 3) return words.join(' or ')
  return `${words.slice(0, -1).join(', ')}, or ${words.at(-1)}`
}
