/** A promise and who settles it. Nobody need wait for it: it counts as handled when it rejects. */
export class Deferred<T> {
  readonly promise: Promise<T>
  settled = false
  #resolve: (value: T | PromiseLike<T>) => void = () => {}
  #reject: (reason: unknown) => void = () => {}

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.promise.catch(() => {})
  }

  resolve(value: T): void {
    this.settled = true
    this.#resolve(value)
  }

  reject(reason: unknown): void {
    this.settled = true
    this.#reject(reason)
  }
}
