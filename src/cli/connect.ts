import type { Socket } from '../net/socket.ts'
import { tunAttachment } from './attachment.ts'
import { onStopSignal } from './signals.ts'
import type { TunOptions } from './tun.ts'

export interface ConnectOptions extends TunOptions {
  /** Milliseconds until an attempt to connect is given up. */
  readonly timeout: number
}

/** stdin out, stdout in, over an active open: as netcat does. Resolves when both directions are done. */
export async function connect(host: string, port: number, options: ConnectOptions): Promise<void> {
  const attachment = await tunAttachment(options)
  onStopSignal(async () => attachment.close())
  try {
    const socket = attachment.net.connect({ host, port, allowHalfOpen: true })
    await connected(socket, host, port, options.timeout)
    await relay(socket)
    // What stdin gave may still be on its way, and its FIN behind it.
    await attachment.net.drained()
  } finally {
    attachment.close()
    // Where nobody read to its end, it would keep the process.
    process.stdin.destroy()
  }
}

function connected(socket: Socket, address: string, port: number, timeout: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT', address, port }))
    }, timeout)
    socket.once('error', reject)
    socket.once('close', () => clearTimeout(timer))
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeListener('error', reject)
      resolve()
    })
  })
}

function relay(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', () => resolve())
    process.stdin.once('error', (error) => socket.destroy(error))
    // A reader who goes away, as `head` does, wants no more.
    process.stdout.once('error', () => socket.resetAndDestroy())
    process.stdin.pipe(socket)
    socket.pipe(process.stdout, { end: false })
  })
}
