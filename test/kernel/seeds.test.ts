import { describe } from 'node:test'
import { kernelTest } from '../support/namespace.ts'
import { runSeeds } from './seeds.ts'

/** `ESTAB_KERNEL_SEED=1001-5000` runs other seeds. */
const [first = 1, last = first] = (process.env.ESTAB_KERNEL_SEED ?? '1-1000').split('-').map(Number)
const AT_ONCE = 100

describe('transfers between the kernel and the stack over a bad line: every octet right', { concurrency: 2 }, () => {
  for (let from = first; from <= last; from += AT_ONCE) {
    const count = Math.min(AT_ONCE, last - from + 1)
    kernelTest(import.meta.url, `seeds ${from} to ${from + count - 1}`, (t) => runSeeds(t, from, count))
  }
})
