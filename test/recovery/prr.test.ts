/** Proportional rate reduction: RFC 9937. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Prr } from '../../src/tcp/recovery/prr.ts'

const MSS = 1000

describe('proportional rate reduction', () => {
  test('sends one for two that come while more than ssthresh is in the network', () => {
    const prr = new Prr()
    prr.begin(20 * MSS)
    let pipe = 17 * MSS
    let sent = 0
    for (let n = 0; n < 8; n++) {
      pipe -= MSS
      const room = prr.window(MSS, pipe, 10 * MSS, false, MSS) - pipe
      const segments = Math.floor(room / MSS)
      prr.sent(segments * MSS)
      pipe += segments * MSS
      sent += segments
    }
    assert.equal(sent, 4)
  })

  test('lets the first segment go again at once, whatever is in the network', () => {
    const prr = new Prr()
    prr.begin(20 * MSS)
    assert.equal(prr.window(0, 19 * MSS, 10 * MSS, false, MSS), 20 * MSS)
  })

  test('lets out what comes, no more, when less is left than ssthresh and losses go on', () => {
    const prr = new Prr()
    prr.begin(20 * MSS)
    assert.equal(prr.window(2 * MSS, 3 * MSS, 10 * MSS, false, MSS), 5 * MSS)
    prr.sent(2 * MSS)
    assert.equal(prr.window(MSS, 4 * MSS, 10 * MSS, false, MSS), 5 * MSS)
  })

  test('lets out one more for each ACK that shows no further loss, up to ssthresh', () => {
    const prr = new Prr()
    prr.begin(20 * MSS)
    assert.equal(prr.window(2 * MSS, 3 * MSS, 10 * MSS, true, MSS), 6 * MSS)
    prr.sent(3 * MSS)
    assert.equal(prr.window(5 * MSS, 9 * MSS, 10 * MSS, true, MSS), 10 * MSS)
  })

  test('never takes back what is in the network', () => {
    const prr = new Prr()
    prr.begin(20 * MSS)
    prr.sent(15 * MSS)
    assert.equal(prr.window(MSS, 15 * MSS, 10 * MSS, false, MSS), 15 * MSS)
  })
})
