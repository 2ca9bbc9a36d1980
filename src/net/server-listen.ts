import type { BlockList, OnReadOpts } from 'node:net'
import { admitDeferred } from '../tcp/admission.ts'
import type { Connection } from '../tcp/connection.ts'
import { AcceptedOptions } from './accepted-options.ts'
import { askAbout, dropData } from './defer-answers.ts'
import { NOBODY } from './dispatcher.ts'
import { codeOf, listenError } from './errors.ts'
import { type ListenTarget, listenerOptions } from './listen-arguments.ts'
import { listenChannels, serverSocket } from './net-channels.ts'
import { type Place, ServerHandle, type ServerHandleOwner } from './server-handle.ts'
import { ACCEPTED, ESTAB, PARTS, type ServerMethods } from './server-methods.ts'
import type { ListenerOptions } from './server-options.ts'
import type { Socket } from './socket.ts'
import { systemLookup } from './system-lookup.ts'

/** Who makes the socket of a connection that was accepted; `mapped`: it shows IPv4 addresses as `::ffff:1.2.3.4`. */
export interface Acceptor {
  adopt(connection: Connection, mapped: boolean, options: AcceptedOptions, onread: OnReadOpts | undefined): Socket
}

/** Since Node 21 `maxConnections = 0` means none; before, any number. */
const NONE_AT_ZERO = Number(process.versions.node.split('.', 1)[0]) >= 21

type PortTarget = Extract<ListenTarget, { port: number }>

/** Listens at an address, or at all of the stack's; what goes wrong is an 'error', but for mistakes in the core's options. */
export function listenAt(
  server: ServerMethods,
  address: string | undefined,
  target: PortTarget,
  estab: ListenerOptions | undefined,
): void {
  const { dispatcher } = server[PARTS]
  const shown = address ?? dispatcher.anyAddress
  const { deferAccept, ...made } = server[ESTAB]
  const admission = deferAccept && { admission: admitDeferred }
  const options = { ...admission, ...listenerOptions(target.backlog, estab, made) }
  try {
    const place = placeOf(shown, target, dispatcher.anyAddress)
    server._handle = new ServerHandle(dispatcher, ownerOf(server), place, options)
  } catch (error) {
    fail(server, error, shown, target.port)
    return
  }
  server._connectionKey = `${shown.includes(':') ? 6 : 4}:${shown}:${target.port}`
  begin(server)
}

/** Looks the host up first, as node:net does with addresses too: it does not listen when `listen` returns. */
export function listenByName(
  server: ServerMethods,
  host: string,
  target: PortTarget,
  estab: ListenerOptions | undefined,
): void {
  const call = server._listeningId
  const lookup = server[PARTS].dispatcher.lookup ?? systemLookup
  lookup(host, {}, (error, address) => {
    if (call !== server._listeningId) return
    if (error) server.emit('error', error)
    else listenAt(server, String(address), target, estab)
  })
}

/** From now on what another server listens with is this server's. */
export function takeOver(server: ServerMethods, handle: ServerHandle): void {
  handle.owner = ownerOf(server)
  server._handle = handle
  begin(server)
}

export function closeOnAbort(server: ServerMethods, signal: AbortSignal | undefined): void {
  if (signal === undefined) return
  const abort = (): void => void server.close()
  if (signal.aborted) {
    process.nextTick(abort)
    return
  }
  signal.addEventListener('abort', abort, { once: true })
  server.once('close', () => signal.removeEventListener('abort', abort))
}

function begin(server: ServerMethods): void {
  listenChannels.end(server)
  if (server._unref) server.unref()
  process.nextTick(() => {
    if (server._handle) server.emit('listening')
  })
}

/** @throws {Error} EADDRNOTAVAIL: the stack has no address of the family */
function placeOf(address: string, { port, ipv6Only }: PortTarget, everywhere: string): Place {
  if (address === '0.0.0.0') return { family: 4, port }
  if (address !== '::') return { address, port }
  if (everywhere !== '::') throw listenError('EADDRNOTAVAIL', address, port)
  return ipv6Only ? { family: 6, port } : { port }
}

function fail(server: ServerMethods, thrown: unknown, address: string, port: number): void {
  const code = codeOf(thrown)
  // Mistakes in the core's options are the caller's.
  if (code === undefined || code.startsWith('ERR_')) throw thrown
  const error = listenError(code, address, port)
  listenChannels.fail(server, error)
  process.nextTick(() => server.emit('error', error))
}

function ownerOf(server: ServerMethods): ServerHandleOwner {
  const { dispatcher } = server[PARTS]
  return {
    accepted: (connection, mapped) => accept(server, connection, mapped),
    asked: (incoming, mapped) => {
      const { deferAccept = () => 'accept' as const } = server[ESTAB]
      askAbout(incoming, deferAccept, dispatcher, (data) =>
        server.emit('drop', { ...dropData(incoming.syn, mapped), estab: data }),
      )
    },
    lost: (error) => {
      server._handle = null
      if (error !== undefined) server.emit('error', error)
      server._emitCloseIfDrained()
    },
  }
}

function accept(server: ServerMethods, connection: Connection, mapped: boolean): void {
  const { dispatcher, adopt } = server[PARTS]
  const { blockList } = server
  const isBlocked = blockList !== undefined && isBlockedBy(blockList, connection)
  const isFull = !isBlocked && hasMost(server)
  if (isFull) server.emit('drop', dropData(connection, mapped))
  if (isBlocked || isFull) {
    dispatcher.watch(connection, NOBODY)
    dispatcher.release(connection)
    return
  }
  const socket = adopt(connection, mapped, acceptedOptions(server), server[ESTAB].onread?.())
  server._connections++
  const owned = socket as unknown as { server: unknown; _server: unknown }
  owned.server = server
  owned._server = server
  server.emit('connection', socket)
  if (serverSocket.hasSubscribers) serverSocket.publish({ socket })
}

function isBlockedBy(blockList: BlockList, { remote, remoteAddress }: Connection): boolean {
  return blockList.check(remoteAddress, remote.family === 4 ? 'ipv4' : 'ipv6')
}

function acceptedOptions(server: ServerMethods): AcceptedOptions {
  const last = server[ACCEPTED]
  if (last?.areOf(server)) return last
  const options = new AcceptedOptions(server)
  server[ACCEPTED] = options
  return options
}

function hasMost({ maxConnections, _connections }: ServerMethods): boolean {
  if (maxConnections === undefined || maxConnections === null) return false
  return (NONE_AT_ZERO || maxConnections > 0) && _connections >= maxConnections
}
