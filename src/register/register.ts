/**
 * `node --import estab/register app.js`: an unchanged program whose node:net is estab's. What that reaches, and what not, is in
 * docs/differences-from-node-net.md.
 */
import { net } from './chosen.ts'
import { hookModules } from './hooks.ts'
import { installBeneathNode } from './install.ts'

installBeneathNode(net)
hookModules(net, {
  facade: new URL(import.meta.url.endsWith('.ts') ? './facade.ts' : './facade.js', import.meta.url).href,
  own: new URL('..', import.meta.url).href,
})
