/** Which of its own addresses a stack speaks from. */
import type { Interface } from '../ip/interface.ts'
import { chooseSource } from '../ip/source-address.ts'
import { callError } from '../tcp/errors.ts'
import type { IpAddress } from '../wire/address.ts'
import type { Stack } from './stack.ts'

/** The one to speak to `remote` from. @throws {Error} ENETUNREACH: no route, or no address of its family */
export function sourceFor({ routes, addresses }: Stack, remote: IpAddress): IpAddress {
  if (routes === undefined || addresses.has(remote)) return addresses.sourceFor(remote)
  const route = routes.lookup(remote)
  if (route === undefined) throw callError('ENETUNREACH', `this stack has no route to ${remote}`)
  return chooseSource(route.out.prefixes, remote) ?? addresses.sourceFor(remote)
}

/** The one that the user asked for, or else the one to speak to `remote` from. @throws {Error} EADDRNOTAVAIL, EINVAL, ENETUNREACH */
export function localEnd(stack: Stack, remote: IpAddress, wanted: string | undefined): IpAddress {
  const local = wanted === undefined ? sourceFor(stack, remote) : stack.addresses.own(wanted)
  if (local.family === remote.family) return local
  throw callError('EINVAL', `${local} and ${remote} are of different families`)
}

/** What a UDP port is bound to: an address that the user named, or all of a family. @throws {Error} EADDRNOTAVAIL, EINVAL */
export function boundEnd(
  { addresses }: Stack,
  wanted: string | undefined,
  family: 4 | 6 | undefined,
): { readonly family: 4 | 6; readonly address?: IpAddress } {
  if (wanted === undefined) return { family: family ?? addresses.prefixes[0]!.address.family }
  const address = addresses.own(wanted)
  if (family === undefined || address.family === family) return { family: address.family, address }
  throw callError('EINVAL', `${address} is no IPv${family} address`)
}

/** The source of an ICMP error about a packet from `source` to `destination`, which leaves by `out`; undefined when there is none. */
export function errorSource(
  { addresses }: Stack,
  out: Interface | undefined,
  source: IpAddress,
  destination: IpAddress,
): IpAddress | undefined {
  if (addresses.has(destination)) return destination
  if (out === undefined) return undefined
  return chooseSource(out.prefixes, source) ?? chooseSource(addresses.prefixes, source)
}
