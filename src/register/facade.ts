/** node:net as programs import it after `--import estab/register`. */

import type { NetModule } from '../net/net-module.ts'
import { net } from './chosen.ts'

export const _normalizeArgs: NetModule['_normalizeArgs'] = net._normalizeArgs
export const BlockList: NetModule['BlockList'] = net.BlockList
export const connect: NetModule['connect'] = net.connect
export const createConnection: NetModule['createConnection'] = net.createConnection
export const createServer: NetModule['createServer'] = net.createServer
export const getDefaultAutoSelectFamily: NetModule['getDefaultAutoSelectFamily'] = net.getDefaultAutoSelectFamily
export const getDefaultAutoSelectFamilyAttemptTimeout: NetModule['getDefaultAutoSelectFamilyAttemptTimeout'] =
  net.getDefaultAutoSelectFamilyAttemptTimeout
export const isIP: NetModule['isIP'] = net.isIP
export const isIPv4: NetModule['isIPv4'] = net.isIPv4
export const isIPv6: NetModule['isIPv6'] = net.isIPv6
export const Server: NetModule['Server'] = net.Server
export const setDefaultAutoSelectFamily: NetModule['setDefaultAutoSelectFamily'] = net.setDefaultAutoSelectFamily
export const setDefaultAutoSelectFamilyAttemptTimeout: NetModule['setDefaultAutoSelectFamilyAttemptTimeout'] =
  net.setDefaultAutoSelectFamilyAttemptTimeout
export const Socket: NetModule['Socket'] = net.Socket
export const SocketAddress: NetModule['SocketAddress'] = net.SocketAddress
export const Stream: NetModule['Stream'] = net.Stream
export { net as default }
