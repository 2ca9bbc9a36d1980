import type { Server } from '../net/server.ts'
import type { Socket } from '../net/socket.ts'
import type { Listener } from '../tcp/listener.ts'
import type { Observer } from '../tcp/observer.ts'
import { accountOf } from './account.ts'
import type { Attachment, Way } from './attachment.ts'
import { stdoutColors as colors } from './colors.ts'
import { jsonLog, ladderLog } from './handshake-log.ts'
import type { RequestRecord } from './http.ts'
import { endpoint, seconds } from './ladder.ts'
import { wrap } from './text.ts'

/** What `estab serve` says about what happens. */
export interface Report {
  readonly observer: Observer | undefined
  listening(attachment: Attachment, server: Server, way: Way): void
  connection(socket: Socket): void
  request(record: RequestRecord): void
  stopping(connections: number): void
  stopped(listener: Listener): void
}

export interface ReportOptions {
  readonly http?: string
  readonly echo?: boolean
  readonly discard?: boolean
  readonly quiet?: boolean
  readonly json?: boolean
}

export function createReport(options: ReportOptions): Report {
  if (options.json) return jsonReport()
  return options.quiet
    ? { ...textReport(options), observer: undefined, connection() {}, request() {} }
    : textReport(options)
}

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}

function textReport(options: ReportOptions): Report {
  return {
    observer: ladderLog(write, colors),
    listening(attachment, server, way) {
      const { backlog, survivalTime, cookies, alwaysCookies, fastOpens } = server.estab.listener!
      const port = server.address()!.port
      const ends = attachment.addresses.map((address) => endpoint(address, port)).join(' and ')
      write(`${colors.bold('estab')} serves ${colors.bold(ends)} on the ${attachment.name}`)
      const beyond = cookies ? `cookies beyond it${alwaysCookies ? ', taken at any time' : ''}` : 'no cookies'
      write(colors.dim(`  backlog ${backlog}, ${beyond}; an unanswered SYN lives ${seconds(survivalTime)}`))
      if (fastOpens.limit > 0) write(colors.dim(`  Fast Open: ${fastOpens.limit} connections before their ACK`))
      for (const remark of way.remarks) write(colors.dim(`  ${remark}`))
      for (const host of way.hosts) write(`  try: ${colors.cyan(tryLine(options, host, way.port))}`)
      write(colors.dim('  Ctrl-C stops it'))
      write('')
    },
    connection() {},
    request({ method, path, status, received, sent, aborted }) {
      write(
        colors.dim(
          `           ${method} ${path} → ${status}, ${received} octets in, ${sent} out${aborted ? ', cut off' : ''}`,
        ),
      )
    },
    stopping(connections) {
      write(`estab stops: ${connections} ${connections === 1 ? 'connection' : 'connections'} to close`)
    },
    stopped(listener) {
      for (const text of wrap(accountOf([listener]), 2)) write(colors.dim(text))
    },
  }
}

function tryLine({ echo, discard }: ReportOptions, host: string, port: number): string {
  if (echo || discard) return `nc ${host} ${port}`
  const authority = endpoint(host, port).replace(/:80$/, '')
  return host.includes(':') ? `curl -g 'http://${authority}/'` : `curl http://${authority}/`
}

function jsonReport(): Report {
  const emit = (event: string, fields: object = {}): void =>
    write(JSON.stringify({ time: new Date(), event, ...fields }))
  return {
    observer: jsonLog(emit),
    listening(attachment, server, way) {
      const { port, backlog, acceptBacklog, acceptOverflow, alwaysCookies, survivalTime, fastOpens } =
        server.estab.listener!
      const cookies = alwaysCookies ? 'always' : server.estab.listener!.cookies
      const { hosts } = way
      emit('listening', {
        link: attachment.name,
        addresses: attachment.addresses,
        port,
        backlog,
        acceptBacklog,
        acceptOverflow,
        cookies,
        fastOpen: fastOpens.limit,
        survivalTime,
        reach: { hosts, port: way.port },
      })
    },
    connection(socket) {
      const { remoteAddress, remotePort, localAddress, localPort } = socket
      const ends = { remoteAddress, remotePort, localAddress, localPort }
      let error: string | undefined
      emit('connection', ends)
      socket.on('error', (cause: NodeJS.ErrnoException) => {
        error = cause.code
      })
      socket.on('close', () => {
        const { bytesRead, bytesWritten } = socket
        emit('connection-closed', { ...ends, bytesRead, bytesWritten, ...(error && { error }) })
      })
    },
    request: (record) => emit('request', record),
    stopping: (connections) => emit('stopping', { connections }),
    stopped: ({ counters, halfOpen }) => emit('stopped', { counters, halfOpen }),
  }
}
