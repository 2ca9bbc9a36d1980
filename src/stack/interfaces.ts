import { EthernetLayer } from '../ip/ethernet-layer.ts'
import type { Identifications } from '../ip/identification.ts'
import { Interface, type InterfaceOptions } from '../ip/interface.ts'
import { REACHABLE_TIME } from '../ip/neighbour-cache.ts'
import { PacketQueue } from '../ip/packet-queue.ts'
import { outOfRange } from '../tcp/config.ts'
import { invalidArgument } from '../tcp/errors.ts'
import { deriveKey, type SipKey } from '../tcp/siphash.ts'
import { isGroupMac, type MacAddress, parseMac } from '../wire/mac.ts'
import { NO_OFFLOAD } from '../wire/offload.ts'
import { LocalAddresses } from './local-addresses.ts'
import type { Stack } from './stack.ts'
import type { StackOptions } from './stack-options.ts'

/** Which use of the secret the Ethernet addresses are. */
const MAC_KEY = 16

/** What the options say of interfaces: a list, or the only one. */
export function interfaceOptions(options: StackOptions): readonly InterfaceOptions[] {
  const { interfaces, addresses, mtu, medium, mac, announce, offload } = options
  if (interfaces !== undefined) {
    if (addresses !== undefined) throw invalidArgument('a stack has addresses, or interfaces that have them: not both')
    if (interfaces.length === 0) throw invalidArgument('a stack needs at least one interface')
    return interfaces
  }
  return [
    {
      addresses: addresses ?? [],
      ...(mtu === undefined ? {} : { mtu }),
      ...(medium === undefined ? {} : { medium }),
      ...(mac === undefined ? {} : { mac }),
      ...(announce === undefined ? {} : { announce }),
      ...(offload === undefined ? {} : { offload }),
    },
  ]
}

/**
 * @throws {TypeError} ERR_INVALID_ARG_VALUE: an address is none
 * @throws {RangeError} ERR_OUT_OF_RANGE: an MTU is
 */
export function makeInterface(
  stack: Stack,
  options: InterfaceOptions,
  index: number,
  secret: Uint8Array,
  identifications: Identifications,
): Interface {
  const { prefixes } = new LocalAddresses(options.addresses)
  const { mtu = 1500, medium = 'ip' } = options
  const least = prefixes.some((prefix) => prefix.address.family === 6) ? 1280 : 576
  if (!(Number.isInteger(mtu) && mtu >= least && mtu <= 65_535)) {
    throw outOfRange('mtu', `an integer from ${least} to 65535`, mtu)
  }
  if (medium !== 'ip' && medium !== 'ethernet') {
    throw invalidArgument(`the medium of a link is 'ip' or 'ethernet', not '${medium}'`)
  }
  const key = deriveKey(secret, MAC_KEY + index)
  const ethernet =
    medium === 'ip' ? undefined : new EthernetLayer(stack, macOf(options, key), prefixes, reachableTime(key))
  if (options.announce !== false) ethernet?.announce()
  return new Interface({
    index,
    name: options.name ?? `if${index}`,
    prefixes,
    mtu,
    offload: options.offload ?? NO_OFFLOAD,
    packets: new PacketQueue(stack.counters, identifications),
    ethernet,
  })
}

function macOf({ mac }: InterfaceOptions, key: SipKey): MacAddress {
  // The second lowest bit of the first octet: given by nobody but us (IEEE 802, "locally administered").
  if (mac === undefined) return 0x0200_0000_0000 + (key.k0 & 0xff) * 2 ** 32 + (key.k1 >>> 0)
  const parsed = parseMac(mac)
  if (parsed === undefined) throw invalidArgument(`"${mac}" is no Ethernet address such as 02:00:00:00:00:01`)
  if (isGroupMac(parsed) || parsed === 0) throw invalidArgument(`"${mac}" is not the address of one interface`)
  return parsed
}

/** RFC 4861 §6.3.2: by chance between a half and one and a half of the base. */
function reachableTime(key: SipKey): number {
  return REACHABLE_TIME * (0.5 + (key.k2 >>> 0) / 2 ** 32)
}
