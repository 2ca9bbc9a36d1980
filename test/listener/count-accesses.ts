/** Counts how often typed arrays are read and written, so that "O(1)" is a number and not a time. */
export class AccessCounter {
  count = 0

  /** Puts a counting stand-in in the place of every typed array that `object` holds, and of those in it, to any depth. */
  watch(object: object): void {
    for (const [name, value] of Object.entries(object)) {
      if (ArrayBuffer.isView(value)) Reflect.set(object, name, this.standIn(value))
      else if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) this.watchOnce(value)
    }
  }

  private readonly seen: Set<object> = new Set()

  private watchOnce(object: object): void {
    if (this.seen.has(object)) return
    this.seen.add(object)
    this.watch(object)
  }

  private standIn(array: ArrayBufferView): ArrayBufferView {
    const counted = (name: string | symbol): void => {
      if (typeof name === 'string' && /^\d+$/.test(name)) this.count++
    }
    return new Proxy(array, {
      get: (target, name) => {
        counted(name)
        return Reflect.get(target, name, target)
      },
      set: (target, name, value) => {
        counted(name)
        return Reflect.set(target, name, value, target)
      },
    })
  }
}
