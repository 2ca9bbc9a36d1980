import { RealTime } from '../host/real-time.ts'
import { openTun } from '../host/tun.ts'
import { createLoopbackNet } from '../net/loopback-net.ts'
import { createNet } from '../net/net.ts'
import type { NetModule } from '../net/net-module.ts'
import { withForeign } from './foreign.ts'

/**
 * The net that the environment asks for. `ESTAB_ADDRESS`, addresses in CIDR notation with commas between them: on the TUN
 * device `ESTAB_TUN` (default: a new one), whose kernel side gets `ESTAB_KERNEL_ADDRESS`, or was prepared without it. Without
 * `ESTAB_ADDRESS`: on a loopback of this process alone.
 */
export const net: NetModule = withForeign(await chosenNet())

async function chosenNet(): Promise<NetModule> {
  const { ESTAB_ADDRESS, ESTAB_TUN, ESTAB_KERNEL_ADDRESS } = process.env
  if (!ESTAB_ADDRESS) {
    if (ESTAB_TUN) throw new Error('ESTAB_TUN needs ESTAB_ADDRESS, the address of the stack, as in 10.77.0.2/24')
    return createLoopbackNet()
  }
  const link = await openTun({
    ...(ESTAB_TUN ? { name: ESTAB_TUN } : {}),
    ...(ESTAB_KERNEL_ADDRESS ? { addresses: ESTAB_KERNEL_ADDRESS.split(',') } : {}),
  })
  const addresses = [...ESTAB_ADDRESS.split(','), '127.0.0.1/8', '::1/128']
  const net = createNet({ link, addresses, scheduler: new RealTime({ keepsAlive: false }) })
  // As with node:net, what is open on it keeps the process alive, not the device.
  link.unref()
  return net
}
