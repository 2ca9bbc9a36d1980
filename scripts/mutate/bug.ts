/** A bug to be planted: `text`, which stands in `file` exactly once, becomes `planted`. */
export interface Bug {
  readonly name: string
  /** From src/. */
  readonly file: string
  readonly text: string
  readonly planted: string
}
