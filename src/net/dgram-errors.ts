import { nodeError } from './node-errors.ts'

export function isConnectedError(): Error {
  return nodeError(Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected')
}

export function notConnectedError(): Error {
  return nodeError(Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected')
}

export function notRunningError(): Error {
  return nodeError(Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running')
}

export function alreadyBoundError(): Error {
  return nodeError(Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound')
}

export function badTypeError(): Error {
  const message = 'Bad socket type specified. Valid types are: udp4, udp6'
  return nodeError(TypeError, 'ERR_SOCKET_BAD_TYPE', message)
}

/** What dgram has and this stack has not. */
export function notImplemented(method: string, why: string): Error {
  return nodeError(Error, 'ERR_METHOD_NOT_IMPLEMENTED', `The ${method}() method is not implemented: ${why}`)
}
