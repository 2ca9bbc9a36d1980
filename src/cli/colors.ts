import picocolors from 'picocolors'

export type Colors = ReturnType<typeof picocolors.createColors>

export const PLAIN: Colors = picocolors.createColors(false)

/** Colours where stdout is a terminal that has them, and neither NO_COLOR nor --no-color speaks against it. */
export const stdoutColors: Colors = picocolors.createColors(
  picocolors.isColorSupported && (process.stdout.isTTY || process.env.FORCE_COLOR !== undefined),
)
