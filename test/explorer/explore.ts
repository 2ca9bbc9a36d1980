/**
 * The walk: breadth first over everything that can happen, merging equal states. A state is reached by doing again what
 * led to it, on a fresh stack: the core has no clock and no chance of its own, so that the same steps lead to the same
 * state.
 */
import { type Action, actionNamed } from './actions.ts'
import { before, violation } from './check.ts'
import { fingerprint } from './fingerprint.ts'
import type { Recorder } from './happenings.ts'
import type { Start } from './starts.ts'
import { leftBehind } from './teardown.ts'
import { World } from './world.ts'

export interface Violation {
  /** What led to it, the last one included: a shortest way. */
  readonly path: readonly Action[]
  readonly problem: string
}

export interface Exploration {
  readonly start: Start
  /** New states at each depth; the first is 1. */
  readonly levels: number[]
  readonly steps: number
  readonly states: number
  readonly violation: Violation | undefined
}

interface Root {
  readonly parent: undefined
}

interface Step {
  readonly parent: Node
  readonly action: Action
}

/** A state, by the way to it. */
type Node = Root | Step

/** Told of each path that leads to a state which is known already, and of the way there that was found first. */
export type OnMerge = (path: readonly Action[], known: readonly Action[]) => void

/** Walks to `depth`, or to the first violation. */
export function explore(start: Start, depth: number, onMerge?: OnMerge): Exploration {
  const root: Root = { parent: undefined }
  const levels = [1]
  let steps = 0
  let states = 1
  const found = (violation: Violation | undefined): Exploration => ({ start, levels, steps, states, violation })
  const early = violationInPrefix(start)
  if (early !== undefined) return found(early)
  const known = new Map<string, Node>([[fingerprint(reach(start, root)), root]])
  let frontier: Node[] = [root]
  for (let level = 1; level <= depth && frontier.length > 0; level++) {
    const next: Node[] = []
    for (const node of frontier) {
      const expanded = expand(start, node, known, onMerge)
      steps += expanded.steps
      states += expanded.children.length
      next.push(...expanded.children)
      if (expanded.violation !== undefined) return found(expanded.violation)
    }
    levels.push(next.length)
    frontier = next
  }
  return found(undefined)
}

interface Expansion {
  readonly children: Step[]
  readonly steps: number
  readonly violation: Violation | undefined
}

/** Takes every step that is possible. One that leads nowhere leaves its world as it was, for the next to be taken in it. */
function expand(start: Start, node: Node, known: Map<string, Node>, onMerge: OnMerge | undefined): Expansion {
  const here = reach(start, node)
  const possible = start.actions.filter((action) => action.possible(here))
  const children: Step[] = []
  let steps = 0
  let world = here
  let loops: Action[] = []
  for (const action of possible) {
    steps++
    const child = { parent: node, action }
    const result = take(world, child, known)
    if (result === 'new') {
      children.push(child)
    } else if ('problem' in result) {
      const alone = loops.length === 0 ? result : take(reach(start, node), child, known)
      const path = typeof alone === 'object' && 'problem' in alone ? pathTo(child) : [...pathTo(node), ...loops, action]
      return { children, steps, violation: { path, problem: result.problem } }
    } else {
      onMerge?.(pathTo(child), pathTo(result))
    }
    if (result === node) {
      loops.push(action)
    } else {
      loops = []
      world = reach(start, node)
    }
  }
  return { children, steps, violation: undefined }
}

/** The step that leads to `child`, with all checks: the state that it leads to, if it is known. Unless that is its own, `world` is of no use afterwards. */
function take(world: World, child: Step, known: Map<string, Node>): 'new' | Node | { problem: string } {
  try {
    const problem = problemAfter(world, child.action)
    if (problem !== undefined) return { problem }
    const print = fingerprint(world)
    const other = known.get(print)
    if (other !== undefined) return other
    known.set(print, child)
    const left = leftBehind(world)
    return left === undefined ? 'new' : { problem: left }
  } catch (error) {
    return { problem: `it throws: ${(error as Error).stack}` }
  }
}

function problemAfter(world: World, action: Action): string | undefined {
  const was = before(world)
  action.run(world)
  return violation(world, was)
}

function violationInPrefix(start: Start): Violation | undefined {
  const world = new World(start.opening)
  for (const action of prefixOf(start)) {
    const problem = problemAfter(world, action)
    if (problem !== undefined) return { path: [], problem: `on the way to the start: ${problem}` }
  }
  return undefined
}

function prefixOf(start: Start): Action[] {
  return start.prefix.map(actionNamed)
}

function pathTo(node: Node): Action[] {
  const path: Action[] = []
  for (let at = node; at.parent !== undefined; at = at.parent) path.unshift(at.action)
  return path
}

function reach(start: Start, node: Node): World {
  return replay(start, pathTo(node))
}

/** A world in which all of this has happened. */
export function replay(start: Start, path: readonly Action[], recorder?: Recorder): World {
  const world = new World(start.opening, recorder)
  for (const action of prefixOf(start)) action.run(world)
  for (const action of path) action.run(world)
  return world
}
