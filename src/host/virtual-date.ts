/** `Date`, whose `now()` and whose constructor without arguments tell the time of another clock, in ms since 1970. */
export function dateOn(now: () => number): DateConstructor {
  // A function in a proxy, and not a class: `Date()` may be called without `new`.
  return new Proxy(Date, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new Date(now()).toString(),
    get: (target, key) => (key === 'now' ? () => Math.floor(now()) : Reflect.get(target, key)),
  })
}
