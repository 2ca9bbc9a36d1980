import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { offloadRemark } from '../../src/cli/tun.ts'

test('--verbose: what the kernel does for the device, or why it does not', () => {
  const remark = (checksum: boolean, segmentation: number, offloadRefusal?: string, ringRefusal?: string): string =>
    offloadRemark({ offload: { checksum, segmentation }, offloadRefusal, ringRefusal })
  equal(remark(true, 65_535), 'the kernel cuts and joins segments: frames of up to 65535 octets')
  equal(remark(true, 0, 'because'), 'checksums are left to the kernel, segments are not: because')
  equal(remark(false, 0, 'because'), 'no offload: because')
  equal(remark(false, 0), 'no offload')
  equal(remark(false, 0, 'because', 'so'), 'no offload: because; frames one by one: so')
})
