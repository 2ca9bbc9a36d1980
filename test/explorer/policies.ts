import type { Load, Verdict } from '../../src/tcp/admission.ts'
import type { Syn } from '../../src/tcp/syn.ts'

/** One at a time: ignores a SYN while another waits for its ACK, and refuses it while somebody waits to be accepted. */
export function admitPickily(_syn: Syn, load: Load): Verdict {
  if (load.halfOpen > 0) return 'ignore'
  return load.acceptQueue > 0 ? 'refuse' : 'hold'
}
