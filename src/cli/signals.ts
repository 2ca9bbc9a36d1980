/** One Ctrl-C may arrive twice: from the terminal, and from a parent that passes it on. Milliseconds. */
const ONE_KEYPRESS = 200

/** At the first SIGINT or SIGTERM stops in good order and exits with 0; at the second exits at once. */
export function onStopSignal(stop: () => Promise<void>): void {
  let first: number | undefined
  const handle = (signal: NodeJS.Signals): void => {
    const now = performance.now()
    if (first !== undefined) {
      if (now - first > ONE_KEYPRESS) process.exit(signal === 'SIGINT' ? 130 : 143)
      return
    }
    first = now
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`estab: while stopping: ${error instanceof Error ? error.message : String(error)}\n`)
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', handle)
  process.on('SIGTERM', handle)
}
