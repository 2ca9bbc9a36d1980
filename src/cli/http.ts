import { createHash } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import sirv from 'sirv'

export interface SiteOptions {
  /** Files to serve. Without it there is one page. */
  directory?: string | undefined
  /** What the page says, beside its greeting. */
  lines?: () => readonly string[]
  /** Called when a request has been answered, or was cut off. */
  answered?: (record: RequestRecord) => void
}

export interface RequestRecord {
  method: string
  path: string
  status: number
  /** Octets, headers included. */
  received: number
  sent: number
  /** The answer was not delivered whole. */
  aborted: boolean
}

/**
 * A small web site: files, or one page, for GET and HEAD. A body sent by PUT or POST is read and not stored; the
 * answer is its SHA-256 and its length.
 */
export function createSite(options: SiteOptions = {}): RequestListener {
  const { directory, lines = () => [], answered } = options
  const files = directory === undefined ? undefined : sirv(directory, { dev: true, etag: true, dotfiles: false })
  return (request, response) => {
    if (answered !== undefined) record(request, response, answered)
    const { method } = request
    if (method === 'PUT' || method === 'POST') digest(request, response)
    else if (method !== 'GET' && method !== 'HEAD') refuse(response)
    else if (files !== undefined && isHidden(request.url)) text(response, 404, ['not found'])
    else if (files !== undefined) files(request, response, () => text(response, 404, ['not found']))
    else text(response, 200, ['Hello from estab: this page came over TCP in user space, in TypeScript.', ...lines()])
  }
}

/** Whether a part of the path begins with a dot. sirv, which looks files up as they are asked for, would serve it. */
function isHidden(url = ''): boolean {
  try {
    return /[/\\]\./.test(decodeURI(url.split('?')[0]!))
  } catch {
    return true
  }
}

function digest(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256')
  let length = 0
  request.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    length += chunk.length
  })
  request.on('end', () => text(response, 200, [`sha256: ${hash.digest('hex')}`, `length: ${length}`]))
  // A client that goes away in the midst of its body has nobody left to tell.
  request.on('error', () => response.destroy())
}

function refuse(response: ServerResponse): void {
  response.setHeader('allow', 'GET, HEAD, PUT, POST')
  text(response, 405, ['use GET, HEAD, PUT or POST'])
}

function text(response: ServerResponse, status: number, lines: readonly string[]): void {
  const body = `${lines.join('\n')}\n`
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** What a connection's counters were when its last request was done. */
const before = new WeakMap<Socket, { read: number; written: number }>()

function record(request: IncomingMessage, response: ServerResponse, answered: (record: RequestRecord) => void): void {
  const { socket, method = '', url: path = '' } = request
  response.once('close', () => {
    const { read, written } = before.get(socket) ?? { read: 0, written: 0 }
    const { bytesRead, bytesWritten } = socket
    before.set(socket, { read: bytesRead, written: bytesWritten })
    const { statusCode: status, writableFinished } = response
    answered({
      method,
      path,
      status,
      received: bytesRead - read,
      sent: bytesWritten - written,
      aborted: !writableFinished,
    })
  })
}
