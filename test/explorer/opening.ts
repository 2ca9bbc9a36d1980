/** How a world begins, and the stack and the clients that it has then. */
import { Stack } from '../../src/stack/stack.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import type { CookieKeys } from '../../src/tcp/cookie-keys.ts'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import type { Observer } from '../../src/tcp/observer.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { Peer } from './peer.ts'
import { ADDRESSES, CONFIG, NAMES, SECRET } from './settings.ts'

type Prefix = keyof typeof ADDRESSES

const PARSED = Object.fromEntries(
  Object.entries(ADDRESSES).map(([prefix, text]) => [prefix, IpAddress.parse(text)!]),
) as Record<Prefix, IpAddress>

export type Opening =
  | {
      readonly kind: 'listen'
      readonly listen: Omit<ListenOptions, 'port'>
      /** The source prefix of each client. */
      readonly peers: readonly Prefix[]
      /** All clients and the stack have timestamps. */
      readonly timestamps?: boolean
      /** Another stack answers for the same address, with a ring of the same cookie keys. */
      readonly replica?: boolean
    }
  | { readonly kind: 'connect' }

export function familyOf(opening: Opening): 4 | 6 {
  return opening.kind === 'listen' && ADDRESSES[opening.peers[0]!].includes(':') ? 6 : 4
}

export function configOf(opening: Opening): Partial<TcpConfig> {
  return opening.kind === 'listen' && opening.timestamps === true ? { ...CONFIG, timestamps: true } : CONFIG
}

export function stackOf(opening: Opening, observer: Observer, cookieKeys: CookieKeys | undefined): Stack {
  return new Stack({
    addresses: [familyOf(opening) === 4 ? '192.0.2.1/24' : '2001:db8::1/64'],
    secret: SECRET,
    tcp: configOf(opening),
    observer,
    ...(cookieKeys === undefined ? {} : { cookieKeys }),
  })
}

export function clientsOf(opening: Opening): Peer[] {
  if (opening.kind === 'connect') return [new Peer('', PARSED.A, 'A', 80)]
  const stamped = opening.timestamps === true
  return opening.peers.map((prefix, i) => {
    return new Peer(NAMES[i]!, PARSED[prefix], prefix, 40_000 + i, stamped)
  })
}
