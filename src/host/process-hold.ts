/** The longest that setInterval takes, ms. */
const LONGEST = 2 ** 31 - 1

/**
 * Keeps the process alive as long as somebody holds it, as an open handle of Node's own does. Memory links have no handle,
 * and timers of theirs are not to count: what is open and referenced is counted here.
 */
export class ProcessHold {
  #holders = 0
  #handle: NodeJS.Timeout | undefined

  /** How many hold it. */
  get holders(): number {
    return this.#holders
  }

  acquire(): void {
    if (this.#holders++ === 0) this.#handle = setInterval(() => {}, LONGEST)
  }

  /** To be called once for each `acquire`. */
  release(): void {
    if (this.#holders === 0 || --this.#holders > 0) return
    clearInterval(this.#handle)
    this.#handle = undefined
  }
}

/** One holder's part of a {@link ProcessHold}: it holds while it is open and referenced, as a handle of Node's own. */
export class Reference {
  readonly #hold: ProcessHold | undefined
  #isOpen = false
  #isReferenced = true

  /** @param hold undefined: nothing is held, as in virtual time. */
  constructor(hold: ProcessHold | undefined) {
    this.#hold = hold
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether it keeps the process alive while it is open. */
  get isReferenced(): boolean {
    return this.#isReferenced
  }

  open(): void {
    this.#set(true, this.#isReferenced)
  }

  close(): void {
    this.#set(false, this.#isReferenced)
  }

  ref(): void {
    this.#set(this.#isOpen, true)
  }

  unref(): void {
    this.#set(this.#isOpen, false)
  }

  #set(isOpen: boolean, isReferenced: boolean): void {
    const before = this.#isOpen && this.#isReferenced
    this.#isOpen = isOpen
    this.#isReferenced = isReferenced
    const after = isOpen && isReferenced
    if (after && !before) this.#hold?.acquire()
    if (before && !after) this.#hold?.release()
  }
}
