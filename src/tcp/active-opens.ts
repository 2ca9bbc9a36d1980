import type { IpAddress } from '../wire/address.ts'
import { Connection } from './connection.ts'
import type { Endpoint } from './endpoint.ts'
import { callError } from './errors.ts'
import { timestampOffset } from './isn.ts'
import { ownAddress } from './own-address.ts'
import { EphemeralPorts, type PortUser } from './ports.ts'
import { NO_ROW } from './row-index.ts'

/** The active side of an endpoint: connections that it opens, and their ports. */
export class ActiveOpens implements PortUser {
  private readonly endpoint: Endpoint
  private readonly ports: EphemeralPorts

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint
    this.ports = new EphemeralPorts(endpoint.hashKey, endpoint.config.ephemeralPorts)
  }

  /**
   * Active OPEN: the SYN goes out with the next segments. `localPort` 0 is a free one; `fastOpen`: by Fast Open (RFC 7413),
   * if the server does it.
   * @throws {Error} EADDRINUSE: this four-tuple is in use; EADDRNOTAVAIL: no port is free; ENOBUFS: too many connections
   */
  connect(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number, fastOpen: boolean): Connection {
    const { endpoint } = this
    if (endpoint.isFull) throw callError('ENOBUFS', `${endpoint.config.maxConnections} connections are open`)
    const port = localPort !== 0 ? localPort : this.ports.choose(local, remote, remotePort, this)
    const hash = endpoint.tupleHash(local, port, remote, remotePort)
    if (localPort !== 0 && this.isTaken(hash, local, port, remote, remotePort)) {
      throw callError('EADDRINUSE', `${local}:${port} is connected to ${remote}:${remotePort} already`)
    }
    const connection = new Connection(endpoint, ownAddress(local), port, remote, remotePort, hash, undefined)
    connection.tcb.tsOffset = timestampOffset(endpoint.timestampKey, local, port, remote, remotePort)
    connection.synDue = true
    connection.fastOpen = fastOpen
    connection.enter('SYN-SENT')
    endpoint.counters.ActiveOpens++
    endpoint.connections.add(connection)
    endpoint.ready(connection)
    return connection
  }

  /** Whether a connection to there may have this port without being asked for it. */
  isUnused(local: IpAddress, port: number, remote: IpAddress, remotePort: number): boolean {
    const { endpoint } = this
    if (endpoint.listening.listeners.usesPort(port)) return false
    return !this.isTaken(endpoint.tupleHash(local, port, remote, remotePort), local, port, remote, remotePort)
  }

  private isTaken(hash: number, local: IpAddress, port: number, remote: IpAddress, remotePort: number): boolean {
    const { connections, timeWait } = this.endpoint
    return (
      connections.get(hash, local, port, remote, remotePort) !== undefined ||
      timeWait.find(hash, local, port, remote, remotePort) !== NO_ROW
    )
  }
}
