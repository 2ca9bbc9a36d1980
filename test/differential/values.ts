import { Stream } from 'node:stream'

type PortName = (port: number) => string | undefined

const ERROR_FIELDS = ['code', 'errno', 'syscall', 'address', 'port', 'localAddress', 'localPort', 'host', 'hostname']

/** A value as text that is equal in all runs: ports by name, errors with all that Node's have. */
export function textOf(value: unknown, portName: PortName): string {
  if (typeof value === 'string') return withoutPorts(value, portName)
  if (typeof value === 'number') return portName(value) ?? String(value)
  if (value instanceof Error) return errorText(value, portName)
  if (Buffer.isBuffer(value)) return `<${value.length > 80 ? `${value.length} octets` : value.toString('latin1')}>`
  if (value instanceof Stream || (typeof value === 'object' && value !== null && 'listen' in value)) return '[object]'
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item, portName)).join(', ')}]`
  if (typeof value === 'object' && value !== null) return objectText(value, portName)
  if (typeof value === 'function') return '[function]'
  return String(value)
}

function objectText(value: object, portName: PortName): string {
  const fields = Object.entries(value).map(([key, field]) => `${key}: ${fieldText(key, field, portName)}`)
  return `{ ${fields.join(', ')} }`
}

function fieldText(key: string, field: unknown, portName: PortName): string {
  if (/port$/i.test(key) && typeof field === 'number' && field > 1023) return portName(field) ?? '$ephemeral'
  return textOf(field, portName)
}

function errorText(error: Error, portName: PortName): string {
  const record = error as Error & Record<string, unknown>
  const fields = ERROR_FIELDS.filter((name) => Object.hasOwn(record, name))
  const said = fields.map((name) => `${name}: ${fieldText(name, record[name], portName)}`)
  const errors = error instanceof AggregateError ? ` of ${textOf(error.errors, portName)}` : ''
  const order = Object.keys(record).join(',')
  return `${error.name}(${withoutPorts(error.message, portName)}){ ${said.join(', ')} } keys ${order}${errors}`
}

/** `127.0.0.1:45678` */
function withoutPorts(text: string, portName: PortName): string {
  return text.replace(/:(\d{4,5})(?!\d)/g, (whole, digits: string) => {
    const name = portName(Number(digits))
    return name === undefined && Number(digits) < 1024 ? whole : `:${name ?? '$ephemeral'}`
  })
}
