/** What the page runs: `measure(short)` is for whoever drives it. */
import { PageTime } from '../../src/host/page-time.ts'
import { inProcess } from './works.ts'

Object.assign(globalThis, { measure: (short: boolean) => inProcess(new PageTime(), short) })
