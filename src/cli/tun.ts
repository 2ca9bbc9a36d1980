import { readFileSync } from 'node:fs'
import { openTun, type TunLink } from '../host/tun.ts'
import { TunError } from '../host/tun-error.ts'
import { UserError } from './errors.ts'
import { hostAddressFor } from './options.ts'

export interface TunOptions {
  /** The device's name. */
  readonly tun: string
  /** The stack's own addresses, CIDR. */
  readonly address: readonly string[]
  /** The kernel's; by default the first free address of each prefix. */
  readonly hostAddress?: readonly string[]
  /** Say what the link does, too. */
  readonly verbose?: boolean
}

/**
 * Opens the device that the options name. One that is there already was prepared by somebody else: it keeps its
 * addresses, unless the options give some. `alternatives` are further ways out, for the error.
 */
export async function attachTun(options: TunOptions, ...alternatives: string[]): Promise<TunLink> {
  const prepared = isInterface(options.tun)
  const addresses = options.hostAddress ?? (prepared ? undefined : options.address.map(hostAddress))
  try {
    return await openTun({ name: options.tun, ...(addresses && { addresses }) })
  } catch (error) {
    throw error instanceof TunError ? new UserError(error.message, ...alternatives) : error
  }
}

/** What the kernel does for the stack, or why it does not. */
export function offloadRemark(link: Pick<TunLink, 'offload' | 'offloadRefusal' | 'ringRefusal'>): string {
  const { ringRefusal } = link
  return ringRefusal === undefined ? offloaded(link) : `${offloaded(link)}; frames one by one: ${ringRefusal}`
}

function offloaded({ offload, offloadRefusal }: Pick<TunLink, 'offload' | 'offloadRefusal'>): string {
  if (offload.segmentation > 0)
    return `the kernel cuts and joins segments: frames of up to ${offload.segmentation} octets`
  const rest = offload.checksum ? 'checksums are left to the kernel, segments are not' : 'no offload'
  return offloadRefusal === undefined ? rest : `${rest}: ${offloadRefusal}`
}

function hostAddress(own: string): string {
  try {
    return hostAddressFor(own)
  } catch (error) {
    throw new UserError((error as Error).message, 'Way out: --host-address, or a shorter prefix.')
  }
}

/** In this network namespace: /sys may show another's. */
function isInterface(name: string): boolean {
  try {
    const lines = readFileSync('/proc/net/dev', 'utf8').split('\n')
    return lines.some((line) => line.trimStart().startsWith(`${name}:`))
  } catch {
    return false
  }
}
