import { build } from './build.ts'
import { CLIENT, clientAddresses, Namespace, SERVER } from './namespace.ts'
import { type Peer, type Running, Serving, type Setup, START } from './peer.ts'
import { slabOf } from './usage.ts'

/** The caches of which a connection or a half-open one takes objects. */
const CACHES = /^(TCP|request_sock_TCP|sock_inode_cache|filp|dentry|tcp_bind_bucket|tcp_bind2_bucket|eventpoll_epi)$/

/** The kernel's own TCP: its client and a server of ours, in one namespace over the loopback or in two over veth. */
class KernelPeer implements Peer {
  readonly name: string
  readonly title: string
  readonly offloads = true
  readonly #over: 'veth' | 'loopback'
  readonly #settings: Readonly<Record<string, string>>

  constructor(name: string, title: string, over: 'veth' | 'loopback', settings: Readonly<Record<string, string>> = {}) {
    this.name = name
    this.title = title
    this.#over = over
    this.#settings = settings
  }

  async prepare(): Promise<void> {
    await build('load')
  }

  async start(setup: Setup): Promise<Running> {
    const command = [await build('load'), 'server', '--address', SERVER, '--backlog', String(setup.backlog), '--verify']
    const server = await Namespace.make(command)
    let client = server
    try {
      await server.set(this.#settings)
      if (this.#over === 'veth') {
        client = await Namespace.empty()
        await joinByVeth(client, server, setup.offload)
      } else {
        await server.ip(['link set lo up', ...clientAddresses('lo'), `addr add ${SERVER}/16 dev lo`])
      }
      server.go()
      await server.program.says('ready', START)
    } catch (error) {
      await Promise.all([client.close(), server.close()])
      throw error
    }
    return new ServingKernel(SERVER, client, server)
  }
}

async function joinByVeth(client: Namespace, server: Namespace, offload: boolean): Promise<void> {
  // Without offloads: no segment of more than one packet.
  const segments = offload ? [] : ['link set veth0 gso_max_segs 1']
  await client.ip([
    'link set lo up',
    `link add veth0 type veth peer name veth0 netns ${server.pid}`,
    ...segments,
    ...clientAddresses('veth0'),
    'link set veth0 up',
  ])
  await server.ip([
    'link set lo up',
    ...segments,
    `addr add ${SERVER}/16 dev veth0`,
    'link set veth0 up',
    // Where answers to spoofed SYNs go.
    `route add default via ${CLIENT}`,
  ])
}

class ServingKernel extends Serving implements Running {
  readonly ends = 2

  memory(): number | undefined {
    return slabOf(CACHES)
  }
}

export const overVeth: Peer = new KernelPeer('kernel-veth', 'Linux, veth', 'veth')
export const overLoopback: Peer = new KernelPeer('kernel-loopback', 'Linux, loopback', 'loopback')
export const withoutCookies: Peer = new KernelPeer('kernel-no-cookies', 'Linux, no cookies', 'veth', {
  'net/ipv4/tcp_syncookies': '0',
})
