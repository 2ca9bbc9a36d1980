import { once } from 'node:events'
import { statSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { Server } from '../net/server.ts'
import type { ListenerOptions } from '../net/server-options.ts'
import type { Socket } from '../net/socket.ts'
import type { Milliseconds } from '../wire/instant.ts'
import { type Attachment, embeddedAttachment, tunAttachment } from './attachment.ts'
import { fail, UserError, WITHOUT_TUN } from './errors.ts'
import { createSite } from './http.ts'
import type { WaitsOption } from './options.ts'
import { createReport, type Report } from './report.ts'
import { onStopSignal } from './signals.ts'
import type { TunOptions } from './tun.ts'

export interface ServeOptions extends TunOptions {
  readonly link: 'tun' | 'embedded'
  readonly port: number
  readonly backlog: number
  readonly acceptBacklog?: number
  readonly acceptOverflow: 'wait' | 'reset'
  readonly cookies: 'on' | 'off' | 'always'
  readonly fastOpen?: number
  readonly synackRetries?: number
  readonly synackWaits?: WaitsOption
  readonly http?: string
  readonly echo?: boolean
  readonly discard?: boolean
  readonly quiet?: boolean
  readonly json?: boolean
}

/** How long a stop in good order waits for the other sides. */
const STOP_PATIENCE: Milliseconds = 1000

export async function serve(options: ServeOptions): Promise<void> {
  const listening = listenerOptions(options)
  const report = createReport(options)
  const handle = service(options, report)
  const attachment =
    options.link === 'tun'
      ? await tunAttachment(options, report.observer, WITHOUT_TUN)
      : embeddedAttachment(options.address, report.observer)
  try {
    const server = attachment.net.createServer({ estab: listening, allowHalfOpen: true }, handle)
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    server.listen(options.port)
    await once(server, 'listening')
    server.on('error', fail)
    const { port } = server.address()!
    const way = await attachment.open(port, options.port)
    onStopSignal(() => stop(attachment, server, sockets, report))
    report.listening(attachment, server, way)
  } catch (error) {
    attachment.close()
    throw error
  }
}

/** Closes every connection in good order, those that take too long with a RST, and gives up the link. */
async function stop(
  attachment: Attachment,
  server: Server,
  sockets: ReadonlySet<Socket>,
  report: Report,
): Promise<void> {
  const listener = server.estab.listener!
  report.stopping(sockets.size)
  server.close()
  for (const socket of sockets) socket.destroySoon()
  const patience = new Promise((resolve) => setTimeout(resolve, STOP_PATIENCE))
  await Promise.race([attachment.net.drained(), patience])
  attachment.close()
  report.stopped(listener)
}

function listenerOptions(options: ServeOptions): ListenerOptions {
  const { backlog, acceptBacklog, acceptOverflow, fastOpen, cookies: when } = options
  const cookies = when === 'always' ? when : when === 'on'
  return { backlog, acceptBacklog, acceptOverflow, fastOpen, cookies, ...schedule(options) }
}

function schedule({ synackRetries, synackWaits }: ServeOptions): ListenerOptions {
  if (synackWaits === undefined) return { synAckRetries: synackRetries }
  const { preset, waits } = synackWaits
  const retries = synackRetries ?? waits.length - 1
  // Of a preset the first waits may be enough; of a list that the user made, each is meant.
  if (waits.length < retries + 1 || (preset === undefined && waits.length > retries + 1)) {
    throw new UserError(
      `--synack-retries ${retries} needs ${retries + 1} waits, the last one until the entry is deleted; --synack-waits ${preset ?? ''}`.trim() +
        ` gives ${waits.length}`,
      'Way out: one wait more than there are retries, or leave --synack-retries out.',
    )
  }
  return { synAckRetries: retries, synAckWaits: waits }
}

function service(options: ServeOptions, report: Report): (socket: Socket) => void {
  const { http: directory, echo, discard } = options
  if ([directory, echo, discard].filter((choice) => choice !== undefined).length > 1) {
    throw new UserError('--http, --echo and --discard exclude each other', 'Way out: give one of them.')
  }
  const answer = echo ? echoService : discard ? discardService : httpService(directory, report)
  return (socket) => {
    report.connection(socket)
    // Told about by its 'close'; without a listener it would end the process.
    socket.on('error', () => {})
    answer(socket)
  }
}

function echoService(socket: Socket): void {
  socket.pipe(socket)
}

function discardService(socket: Socket): void {
  socket.on('end', () => socket.end())
  socket.resume()
}

function httpService(directory: string | undefined, report: Report): (socket: Socket) => void {
  if (directory !== undefined && !statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(
      `--http ${directory}: no such directory`,
      'Way out: give a directory that exists, or leave it out for a page of estab.',
    )
  }
  const site = createHttpServer(createSite({ directory, answered: (record) => report.request(record) }))
  return (socket) => site.emit('connection', socket)
}
