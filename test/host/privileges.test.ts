import { deepEqual, equal, match } from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import type { NamespaceProbe } from '../../src/host/namespace.ts'
import { runWithout } from './privileges.ts'

const skip = existsSync('/dev/net/tun') ? false : 'there is no /dev/net/tun'

const OPEN = `
  import { openTun } from ${JSON.stringify(new URL('../../src/host/tun.ts', import.meta.url).href)}
  const { name, code, message } = await openTun({ addresses: [] }).catch((error) => error)
  console.log(JSON.stringify({ name, code, message }))
`

test('a user who may not open the device is told the cause and the way out', { skip }, (t) => {
  const said = runWithout(t, 'any rights', OPEN)
  if (said === undefined) return
  const { name, code, message } = JSON.parse(said)
  equal(name, 'TunError')
  // Where anybody may open the device, making an interface is what is not permitted.
  if (code === 'EACCES') match(message, /\/dev\/net\/tun cannot be opened: permission denied. Run as root \(sudo\)/)
  else {
    equal(code, 'EPERM')
    match(message, /takes CAP_NET_ADMIN. Run as root \(sudo\)/)
  }
})

test('a root without CAP_NET_ADMIN, as in a container, is told so', { skip }, (t) => {
  if (process.geteuid?.() !== 0) return t.skip('only root can give up CAP_NET_ADMIN')
  const said = runWithout(t, 'network rights', OPEN)
  if (said === undefined) return
  const { code, message } = JSON.parse(said)
  equal(code, 'EPERM')
  match(message, /making the TUN device estab%d is not permitted: it takes CAP_NET_ADMIN/)
})

const PROBE = `
  import { probeNamespace } from ${JSON.stringify(new URL('../../src/host/namespace.ts', import.meta.url).href)}
  console.log(JSON.stringify(await probeNamespace()))
`

test('without rights a namespace is had through a user namespace, or the reason is said', { skip }, (t) => {
  const said = runWithout(t, 'any rights', PROBE)
  if (said === undefined) return
  const probe: NamespaceProbe = JSON.parse(said)
  if (probe.ok) deepEqual(probe.command, ['unshare', '-Urn', '--'])
  else match(probe.reason, /permission denied. Run as root|no network namespace can be made \(.*\)\. Run as root/)
})

test('without the program unshare that is the reason', { skip }, (t) => {
  const said = runWithout(t, 'network rights', `process.env.PATH = '/nowhere'\n${PROBE}`)
  if (said === undefined) return
  const probe: NamespaceProbe = JSON.parse(said)
  equal(probe.ok, false)
  if (process.geteuid?.() === 0 && !probe.ok) match(probe.reason, /unshare is missing. Install the package util-linux/)
})
