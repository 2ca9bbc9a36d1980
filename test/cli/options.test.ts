import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  backlogOption,
  cidrOption,
  hostAddressFor,
  portOption,
  retriesOption,
  secondsOption,
  waitsOption,
} from '../../src/cli/options.ts'

test('waits are seconds, and come out as milliseconds', () => {
  assert.deepEqual(waitsOption('1,2,4'), { waits: [1000, 2000, 4000] })
  assert.deepEqual(waitsOption('0.5'), { waits: [500] })
  for (const text of ['', '1,', '0', '-1', 'x', '1;2', '1e9']) assert.throws(() => waitsOption(text), text)
  assert.equal(secondsOption('3'), 3000)
})

test('waits may be the name of a preset', () => {
  assert.deepEqual(waitsOption('freebsd'), { preset: 'freebsd', waits: [1000, 2000, 4000, 8000] })
  assert.equal(waitsOption('linux').waits.length, 6)
  assert.equal(
    waitsOption('rfc9293').waits.reduce((sum, wait) => sum + wait),
    187_000,
  )
  for (const text of ['windows', 'Linux', 'toString', 'linux,1']) {
    assert.throws(() => waitsOption(text), /linux, freebsd, rfc9293/, text)
  }
})

test('numbers out of their range, and what is no number, are refused', () => {
  assert.equal(portOption('0'), 0)
  assert.equal(portOption('65535'), 65_535)
  for (const text of ['65536', '-1', '1.5', '', '0x50', 'http']) assert.throws(() => portOption(text), text)
  assert.throws(() => backlogOption('0'))
  assert.equal(retriesOption('64'), 64)
  assert.throws(() => retriesOption('65'))
})

test('addresses are given with their prefix length, and gather', () => {
  assert.deepEqual(cidrOption('fd77::2/64', cidrOption('10.0.0.2/24')), ['10.0.0.2/24', 'fd77::2/64'])
  for (const text of [
    '10.0.0.2',
    '10.0.0/24',
    '10.0.0.2/33',
    '10.0.0.0/24',
    '10.0.0.255/24',
    'fd77::2/129',
    '0.0.0.0/0',
    'x',
  ]) {
    assert.throws(() => cidrOption(text), text)
  }
})

test("the kernel's end is the first free address of the prefix", () => {
  const pairs = {
    '10.77.0.2/24': '10.77.0.1/24',
    '10.77.0.1/24': '10.77.0.2/24',
    '10.0.0.0/31': '10.0.0.1/31',
    '10.0.0.1/31': '10.0.0.0/31',
    '10.0.0.6/30': '10.0.0.5/30',
    'fd77::2/64': 'fd77::1/64',
    'fd77::1/64': 'fd77::2/64',
    'fd77::5/127': 'fd77::4/127',
  }
  for (const [own, host] of Object.entries(pairs)) assert.equal(hostAddressFor(own), host)
  assert.throws(() => hostAddressFor('10.0.0.1/32'), /no address for the other end/)
})
