import { fileURLToPath } from 'node:url'
import { build, peerPath } from './build.ts'
import { bundle } from './bundle.ts'
import { clientAddresses, Namespace, QUEUE, SERVER } from './namespace.ts'
import { type Confined, type Peer, type Running, Serving, type Setup, START } from './peer.ts'
import { memoryOf } from './usage.ts'

const MTU = 1500
const DEVICE = 'tun0'

/** A stack in a process of its own, behind a TUN device: what the contract of bench/peers says. */
export class ProgramPeer implements Peer {
  readonly name: string
  readonly title: string
  readonly offloads: boolean
  readonly #confined: Confined
  readonly #command: () => Promise<readonly string[]>

  constructor(
    name: string,
    title: string,
    offloads: boolean,
    command: () => Promise<readonly string[]>,
    confined: Confined = 'whole',
  ) {
    this.#confined = confined
    this.name = name
    this.title = title
    this.offloads = offloads
    this.#command = command
  }

  async prepare(): Promise<void> {
    await this.#command()
  }

  async start(setup: Setup): Promise<Running> {
    const offload = setup.offload && this.offloads ? ['--offload'] : []
    const args = [
      '--tun',
      DEVICE,
      '--address',
      SERVER,
      '--mtu',
      String(MTU),
      '--backlog',
      String(setup.backlog),
      '--verify',
    ]
    const namespace = await Namespace.make([...(await this.#command()), ...args, ...offload])
    try {
      await namespace.ip([
        'link set lo up',
        `tuntap add dev ${DEVICE} mode tun`,
        `link set ${DEVICE} mtu ${MTU} txqueuelen ${QUEUE}`,
        ...clientAddresses(DEVICE),
        `link set ${DEVICE} up`,
      ])
      namespace.go()
      await namespace.program.says('ready', START)
    } catch (error) {
      await namespace.close()
      throw error
    }
    return new ServingProgram(namespace, this.#confined)
  }
}

class ServingProgram extends Serving implements Running {
  readonly ends = 1

  constructor(namespace: Namespace, confined: Confined) {
    super(SERVER, namespace, namespace, confined)
  }

  memory(): number {
    return memoryOf(this.pid)
  }
}

function bundled(script: string): () => Promise<readonly string[]> {
  return async () => [process.execPath, await bundle(script)]
}

function built(name: string, program?: string): () => Promise<readonly string[]> {
  return async () => [await build(name, program)]
}

export const estab: Peer = new ProgramPeer('estab', 'estab', true, bundled(peerPath('estab/serve.ts')), 'first thread')
export const gvisor: Peer = new ProgramPeer('gvisor', 'gVisor', false, built('gvisor'), 'not')
/** With a link endpoint of ours; gVisor has none that uses the offload header of TUN. */
export const gvisorOffload: Peer = new ProgramPeer('gvisor-offload', 'gVisor, offloads', true, built('gvisor'), 'not')
export const smoltcp: Peer = new ProgramPeer('smoltcp', 'smoltcp', false, built('smoltcp'))
/** With its feature of segmentation and a device of ours that makes use of it; smoltcp has none for TUN. */
export const smoltcpOffload: Peer = new ProgramPeer('smoltcp-offload', 'smoltcp, offloads', true, built('smoltcp'))
export const lwip: Peer = new ProgramPeer('lwip', 'lwIP', false, built('lwip'))
/** With malloc() in place of pools, for more than a few hundred connections. */
export const lwipHold: Peer = new ProgramPeer('lwip', 'lwIP', false, built('lwip', 'build/lwip-hold'))

/** estab with a service of its own, which hashes. */
export const hashing: Peer = new ProgramPeer(
  'estab',
  'estab',
  true,
  bundled(fileURLToPath(new URL('hash-server.ts', import.meta.url))),
)
