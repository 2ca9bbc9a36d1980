import Module, { syncBuiltinESMExports } from 'node:module'
import type { NetModule } from '../net/net-module.ts'

const NAMES = new Set(['net', 'node:net'])

type Load = (this: unknown, request: string, ...rest: unknown[]) => unknown
type Resolve = (
  specifier: string,
  context: { parentURL?: string | undefined },
  next: (specifier: string, context: object) => object,
) => object

/** What node:module has, by version: the types know one of them. */
interface Loader {
  _load: Load
  /** From 22.15 and 23.5. */
  registerHooks?: (hooks: { resolve: Resolve }) => void
  register(specifier: string, options: { data: HookData }): void
}

interface HookData {
  /** The module that stands for node:net. */
  facade: string
  /** Modules that begin so are estab's own, which need the real one. */
  own: string
}

/** Gives a program `net` where it asks for node:net: by `require`, `import` and `process.getBuiltinModule`. */
export function hookModules(net: NetModule, data: HookData): void {
  const loader = Module as unknown as Loader
  const load = loader._load
  loader._load = function (request, ...rest) {
    return NAMES.has(request) ? net : Reflect.apply(load, this, [request, ...rest])
  }
  const host = process as unknown as { getBuiltinModule?: (name: string) => unknown }
  const { getBuiltinModule } = host
  if (getBuiltinModule !== undefined) {
    host.getBuiltinModule = (name) => (NAMES.has(name) ? net : getBuiltinModule(name))
    syncBuiltinESMExports()
  }
  if (loader.registerHooks === undefined) loader.register(asynchronousHook(), { data })
  else loader.registerHooks({ resolve: resolveWith(data) })
}

function resolveWith({ facade, own }: HookData): Resolve {
  return (specifier, context, next) =>
    next(NAMES.has(specifier) && !context.parentURL?.startsWith(own) ? facade : specifier, context)
}

/** The same for Node 20, which asks in a thread of its own: a module as text, so that no other loader is in its way. */
function asynchronousHook(): string {
  const text = `
    const NAMES = new Set(${JSON.stringify([...NAMES])})
    let resolveBy
    export function initialize(data) { resolveBy = (${resolveWith})(data) }
    export const resolve = (...args) => resolveBy(...args)`
  return `data:text/javascript,${encodeURIComponent(text)}`
}
