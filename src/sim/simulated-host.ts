import type { Scheduler } from '../link/scheduler.ts'
import { createNet, type Net } from '../net/net.ts'
import type { LookupFunction } from '../net/options.ts'
import type { HostOptions, Interface } from './host.ts'
import type { Network } from './network.ts'

/** A host of a simulation: the shape of `node:net`, and what is beneath it. */
export interface SimulatedHost extends Net {
  readonly name: string
  /** Its first address. */
  readonly address: string
  readonly addresses: readonly string[]
  readonly interface: Interface
}

/** A host with the net face, whose connections may be to other hosts by name. */
export function createHost(
  network: Network,
  name: string,
  options: HostOptions,
  scheduler: Scheduler,
  touch: () => void,
  addressOf: (name: string, family: number) => string | undefined,
): SimulatedHost {
  const { tcp, observer, initialSequence: _forBareHosts } = options
  const { interface: iface, addresses, secret } = network.prepareHost(name, options)
  const net = createNet({
    link: iface,
    addresses,
    secret,
    scheduler,
    lookup: lookupIn((asked, family) => addressOf(asked === 'localhost' ? name : asked, family)),
    ...(tcp === undefined ? {} : { tcp }),
    ...(observer === undefined ? {} : { observer }),
  })
  const deliver = net.driver.onEvent
  net.driver.onEvent = (event) => {
    touch()
    deliver(event)
  }
  const own = iface.addresses.map(String)
  return { ...net, name, interface: iface, address: own[0]!, addresses: own }
}

function lookupIn(addressOf: (name: string, family: number) => string | undefined): LookupFunction {
  return (name, options, callback) => {
    const family = typeof options.family === 'number' ? options.family : 0
    const address = addressOf(name, family)
    const error = Object.assign(new Error(`lookup ENOTFOUND ${name}: no host of this simulation`), {
      code: 'ENOTFOUND',
    })
    // Never within the call, as node:dns has it.
    void Promise.resolve().then(() => {
      const found = address === undefined ? 0 : address.includes(':') ? 6 : 4
      if (address === undefined) callback(error, '')
      else if (options.all) callback(null, [{ address, family: found }])
      else callback(null, address, found)
    })
  }
}
