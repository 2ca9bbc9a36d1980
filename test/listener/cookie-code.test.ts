/** What a cookie's number says of a SYN's options: every value, both ways. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decodeBare,
  decodeStamped,
  encodeBare,
  encodeStamped,
  keepsEcn,
  LEAST_MSS,
  MSS_CLASSES,
} from '../../src/tcp/cookie-code.ts'
import { HalfOpen, NO_SCALE } from '../../src/tcp/half-open.ts'

const MOST_MSS = 1460
const into = new HalfOpen()

describe('16 bits, with timestamps', () => {
  test('keep every MSS, scale and SACK exactly, and ECN with SACK and a scale', () => {
    const codes = new Set<number>()
    let combinations = 0
    for (let mss = LEAST_MSS; mss <= MOST_MSS; mss++) {
      for (let options = 0; options < 64; options++) {
        const [scale, sack, ecn] = [options & 15, (options & 16) !== 0, (options & 32) !== 0]
        if (ecn && !keepsEcn(scale, sack)) continue
        const code = encodeStamped(mss, scale, sack, ecn)
        if (!(code >= 0 && code < 65_536) || !decodeStamped(code, into)) assert.fail(`code ${code}`)
        if (into.mss !== mss || into.scale !== scale || into.sack !== sack || into.ecn !== ecn) {
          assert.fail(`${mss} ${scale} ${sack} ${ecn} became ${into.mss} ${into.scale} ${into.sack} ${into.ecn}`)
        }
        codes.add(code)
        combinations++
      }
    }
    assert.equal(codes.size, combinations, 'each has a code of its own')
    assert.equal(combinations, 1373 * (32 + 15))
  })

  test('mean one SYN each, or none: what is decoded encodes to the same', () => {
    let none = 0
    for (let code = 0; code < 65_536; code++) {
      if (!decodeStamped(code, into)) none++
      else if (encodeStamped(into.mss, into.scale, into.sack, into.ecn) !== code) assert.fail(`code ${code}`)
    }
    assert.equal(none, 65_536 - 64_531)
  })

  test('make a larger MSS 1460', () => {
    for (const mss of [1461, 8960, 65_535]) {
      decodeStamped(encodeStamped(mss, NO_SCALE, false, false), into)
      assert.equal(into.mss, 1460)
    }
  })

  test('do not keep an ECN that is not promised', () => {
    for (const [scale, sack] of [
      [NO_SCALE, true],
      [7, false],
      [NO_SCALE, false],
    ] as const) {
      assert.equal(keepsEcn(scale, sack), false)
      decodeStamped(encodeStamped(1460, scale, sack, true), into)
      assert.deepEqual([into.ecn, into.scale, into.sack], [false, scale, sack])
    }
  })
})

describe('8 bits, without timestamps', () => {
  test('keep the largest class that is not above the MSS, and scale and SACK exactly', () => {
    for (let mss = LEAST_MSS; mss <= 65_535; mss++) {
      const [scale, sack] = [mss & 15, (mss & 16) !== 0]
      const code = encodeBare(mss, scale, sack)
      decodeBare(code, into)
      const expected = MSS_CLASSES.findLast((size) => size <= mss)
      if (code > 255 || into.mss !== expected || into.scale !== scale || into.sack !== sack) assert.fail(`MSS ${mss}`)
    }
  })

  test('mean one SYN each: what is decoded encodes to the same', () => {
    for (let code = 0; code < 256; code++) {
      into.ecn = true
      decodeBare(code, into)
      assert.equal(encodeBare(into.mss, into.scale, into.sack), code)
      assert.equal(into.ecn, false)
    }
  })

  test('have eight classes, in order, the least of them for all', () => {
    assert.equal(MSS_CLASSES.length, 8)
    assert.deepEqual([MSS_CLASSES[0], MSS_CLASSES[7]], [LEAST_MSS, MOST_MSS])
    assert.deepEqual(
      MSS_CLASSES,
      [...MSS_CLASSES].sort((a, b) => a - b),
    )
  })
})
