import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { runScript } from '../../src/packetdrill/runner.ts'
import { SOCKET_OPTIONS } from '../../src/packetdrill/socket-options.ts'
import { SYSCALLS } from '../../src/packetdrill/syscalls.ts'
import { SYSCTLS } from '../../src/packetdrill/sysctl.ts'
import { tcpInfo } from '../../src/packetdrill/tcp-info.ts'
import { connect } from '../support/trace.ts'

const page = readFileSync(new URL('../../docs/packetdrill.md', import.meta.url), 'utf8')

describe('docs/packetdrill.md', () => {
  test('has every sysctl and every socket option, with what it stands for', () => {
    for (const [name, { values, means }] of Object.entries(SYSCTLS)) {
      assert.ok(page.includes(`| \`${name}\` | ${values} | ${means} |\n`), name)
    }
    for (const [name, { set, get, means }] of Object.entries(SOCKET_OPTIONS)) {
      const ways = [set && 'set', get && 'get'].filter(Boolean).join(', ')
      assert.ok(page.includes(`| \`${name}\` | ${ways} | ${means} |\n`), name)
    }
  })

  test('has every call and every name of an assertion', () => {
    for (const name of [...Object.keys(SYSCALLS), ...tcpInfo(connect().connection).keys()]) {
      assert.ok(page.includes(`\`${name}\``), name)
    }
  })

  test('shows a script that passes', () => {
    const [, script] = /```\n(\/\/[\s\S]*?)```/.exec(page)!
    assert.equal(runScript(script!, { strict: true }), undefined)
  })
})
