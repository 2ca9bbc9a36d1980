// The machine's own, taken before anybody can put others in their place: `VirtualTimers.install` does.
const { setImmediate, setTimeout, performance } = globalThis

/** Turns of the event loop: in the second one runs what the first one's callbacks put off with setImmediate. */
const TURNS = 2

/**
 * Resolves when everything is done that was waiting to run at once: microtasks, `process.nextTick`, and what those and
 * callbacks of setImmediate ask for. Timers of the machine and its input and output are not waited for.
 */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise<void>(nextTurn)
}

/** The machine's clock, ms. */
export function machineNow(): number {
  return performance.now()
}

function nextTurn(resolve: () => void): void {
  // A browser has no setImmediate.
  if (typeof setImmediate === 'function') setImmediate(resolve)
  else setTimeout(resolve, 0)
}
