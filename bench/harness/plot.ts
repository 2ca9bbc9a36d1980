import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import { describe } from './machine.ts'
import { figures, type Results, type WorkResult } from './results.ts'

/** A panel for each work: each peer's median and range. */
export function plot(results: Results): Promise<string> {
  const { spec } = compile({
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    title: { text: describe(results.machine), fontSize: 11, fontWeight: 'normal', anchor: 'start' },
    columns: 2,
    concat: results.works.filter(({ peers }) => peers.some(({ rounds }) => rounds.length > 0)).map(panel),
    config: { background: 'white', view: { stroke: '#dddddd' } },
  })
  return new View(parse(spec), { renderer: 'none' }).toSVG()
}

type Panel = Extract<TopLevelSpec, { concat: readonly unknown[] }>['concat'][number]

function panel({ title, metrics, peers }: WorkResult): Panel {
  const { name, title: what, unit } = metrics[0]!
  const values = peers.flatMap((peer) => {
    const sample = figures(peer, name)
    return sample === undefined ? [] : [{ peer: peer.title, ...sample }]
  })
  // Ratios are what matters: powers of ten, but for shares, which may be none.
  const type = unit.startsWith('%') ? 'linear' : 'log'
  const x = { type: 'quantitative', scale: { type, nice: true }, axis: { format: '~s', tickCount: 4 } } as const
  const y = { field: 'peer', type: 'nominal', sort: null, axis: { title: null, minExtent: 100 } } as const
  const color = { condition: { test: "datum.peer === 'estab'", value: '#d95f02' }, value: '#4c566a' } as const
  return {
    title: { text: title, fontSize: 11, anchor: 'start' },
    data: { values },
    width: 320,
    height: { step: 16 },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 3, opacity: 0.4 },
        encoding: { x: { ...x, field: 'least', title: `${what}, ${unit}` }, x2: { field: 'most' }, y, color },
      },
      {
        mark: { type: 'point', filled: true, size: 50, opacity: 1 },
        encoding: { x: { ...x, field: 'median' }, y, color },
      },
    ],
  }
}
