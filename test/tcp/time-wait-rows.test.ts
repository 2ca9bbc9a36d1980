import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Connection } from '../../src/tcp/connection.ts'
import { NO_ROW } from '../../src/tcp/row-index.ts'
import { Tcb } from '../../src/tcp/tcb.ts'
import { TimeWaitRows } from '../../src/tcp/time-wait-rows.ts'
import { IpAddress } from '../../src/wire/address.ts'

/** As much of a connection as a row is made of; hashes collide often. */
function connectionOf(number: number, wide: boolean): Connection {
  const tcb = new Tcb()
  tcb.snd.nxt = 0xffff_0000 + number
  tcb.snd.wndMax = 1000 << 7
  tcb.snd.scale = 7
  tcb.rcv.nxt = number
  tcb.rcv.scale = 5
  const local = wide ? new IpAddress(0x20010db8, number, 7, 1) : new IpAddress(0, 0, 0xffff, 1)
  const remote = wide ? new IpAddress(0x20010db8, 0, number, 2) : new IpAddress(0, 0, 0xffff, number)
  const tuple = { local, localPort: 80, remote, remotePort: 50_000 + (number & 1) }
  return { ...tuple, tupleHash: (number & 7) << 24, tcb, challengedAt: -Infinity, timeWaitSerial: 0 } as Connection
}

function find(table: TimeWaitRows, { tupleHash, local, localPort, remote, remotePort }: Connection): number {
  return table.find(tupleHash, local, localPort, remote, remotePort)
}

describe('the table of TIME-WAIT', () => {
  // A Map in the order of its insertions is the model: FIFO, found by key, taken out anywhere.
  test('finds, restarts and forgets as a list would', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('add', 'remove', 'restart'), fc.nat(199), fc.boolean()), {
      maxLength: 600,
    })
    fc.assert(
      fc.property(steps, (steps) => {
        const table = new TimeWaitRows()
        const model = new Map<string, Connection>()
        let now = 0
        for (const [step, number, wide] of steps) {
          const key = `${number} ${wide}`
          const known = model.get(key)
          const row = known === undefined ? NO_ROW : table.rowOf(known)
          now++
          if (step === 'add' && known === undefined) {
            const connection = connectionOf(number, wide)
            connection.timeWaitSerial = table.add(connection, number, now)
            model.set(key, connection)
          } else if (step === 'remove' && known !== undefined) {
            table.remove(row)
            model.delete(key)
            assert.equal(table.rowOf(known), NO_ROW)
          } else if (step === 'restart' && known !== undefined) {
            table.restart(row, now)
            model.delete(key)
            model.set(key, known)
          }
          assert.equal(table.size, model.size)
          const [oldest] = model.values()
          assert.equal(table.oldest, oldest === undefined ? NO_ROW : table.rowOf(oldest))
        }
        for (const connection of model.values()) {
          const row = find(table, connection)
          assert.equal(row, table.rowOf(connection))
          assert.equal(table.sndNxt(row), connection.tcb.snd.nxt)
          assert.equal(table.rcvNxt(row), connection.tcb.rcv.nxt)
          assert.equal(table.rcvWnd(row), connection.tcb.rcv.nxt << 5)
          assert.equal(table.sndWndMax(row), 1000 << 7)
        }
        let last = 0
        for (; table.size > 0; table.remove(table.oldest)) {
          assert.ok(table.nextDeadline() > last)
          last = table.nextDeadline()
        }
      }),
    )
  })

  test('knows a connection from the next of its four-tuple', () => {
    const table = new TimeWaitRows()
    const old = connectionOf(1, false)
    old.timeWaitSerial = table.add(old, 0, 1)
    table.remove(table.rowOf(old))
    const next = connectionOf(1, false)
    next.timeWaitSerial = table.add(next, 0, 2)
    assert.equal(table.rowOf(old), NO_ROW)
    assert.notEqual(table.rowOf(next), NO_ROW)
  })

  test('gives its memory back with the last row', () => {
    const table = new TimeWaitRows()
    const all = Array.from({ length: 1000 }, (_, i) => connectionOf(i, i % 2 === 0))
    for (const connection of all) connection.timeWaitSerial = table.add(connection, 0, 1)
    assert.ok(table.octets >= 64_000)
    for (const connection of all) table.remove(table.rowOf(connection))
    assert.ok(table.octets < 100)
    assert.equal(table.nextDeadline(), Infinity)
  })
})
