import { EventEmitter } from 'node:events'
import { notImplemented } from './dgram-errors.ts'

/** What node:dgram's sockets have and this stack has not: each says so when it is called. */
export class UnsupportedDgram extends EventEmitter {
  getSendBufferSize(): never {
    throw notImplemented('getSendBufferSize', 'datagrams wait in the queue to the link, which all sockets share')
  }

  setSendBufferSize(_octets: number): never {
    throw notImplemented('setSendBufferSize', 'datagrams wait in the queue to the link, which all sockets share')
  }

  setBroadcast(on: boolean): void {
    if (on) throw notImplemented('setBroadcast', 'this stack sends to one host at a time')
  }

  addMembership(_group: string, _interface?: string): never {
    throw noMulticast('addMembership')
  }

  dropMembership(_group: string, _interface?: string): never {
    throw noMulticast('dropMembership')
  }

  addSourceSpecificMembership(_source: string, _group: string, _interface?: string): never {
    throw noMulticast('addSourceSpecificMembership')
  }

  dropSourceSpecificMembership(_source: string, _group: string, _interface?: string): never {
    throw noMulticast('dropSourceSpecificMembership')
  }

  setMulticastTTL(_ttl: number): never {
    throw noMulticast('setMulticastTTL')
  }

  setMulticastInterface(_interface: string): never {
    throw noMulticast('setMulticastInterface')
  }

  setMulticastLoopback(_on: boolean): never {
    throw noMulticast('setMulticastLoopback')
  }
}

function noMulticast(method: string): Error {
  return notImplemented(method, 'this stack has no multicast')
}
