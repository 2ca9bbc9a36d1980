import type { IpAddress } from '../wire/address.ts'
import { Flow, type SentSegment } from './flow.ts'
import type { Configuration } from './header.ts'
import type { Ports } from './script.ts'
import type { Sockets } from './sockets.ts'

/** The peer's port, unless the script says another or connect() goes elsewhere. */
const PEER_PORT = 40_000

/**
 * The connections of a script. Packets without ports belong to the one under test: the last that connect() opened, or the
 * peer's to the port that is listened on. Ports in front of a packet name others, each with numbers of its own.
 */
export class Flows {
  readonly #configuration: Configuration
  readonly #sockets: Sockets
  readonly #flows: Flow[] = []
  #underTest: Flow | undefined

  constructor(configuration: Configuration, sockets: Sockets) {
    this.#configuration = configuration
    this.#sockets = sockets
  }

  /** connect() was called: packets without ports are this connection's from here on. */
  connected(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): void {
    this.#underTest = new Flow(local, localPort, remote, remotePort)
    this.#flows.push(this.#underTest)
  }

  /** Whom a packet to the stack is from. */
  ofInbound(ports: Ports | undefined): Flow {
    if (ports !== undefined) return this.#named(ports.destination, ports.source)
    this.#underTest ??= this.#named(this.#sockets.listenPort ?? this.#configuration.bindPort, PEER_PORT)
    return this.#underTest
  }

  /** Whom a packet of the stack's is for. */
  ofSent({ sourcePort, destinationPort }: SentSegment): Flow {
    return this.#named(sourcePort, destinationPort)
  }

  /** Whether a packet without ports is for this. */
  isUnderTest(flow: Flow): boolean {
    return this.#underTest === undefined || this.#underTest === flow
  }

  #named(localPort: number, remotePort: number): Flow {
    const known = this.#flows.findLast((flow) => flow.localPort === localPort && flow.remotePort === remotePort)
    if (known !== undefined) return known
    const flow = new Flow(this.#configuration.local, localPort, this.#configuration.remote, remotePort)
    this.#flows.push(flow)
    return flow
  }
}
