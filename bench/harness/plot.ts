import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import { describe } from './machine.ts'
import { figures, type Results } from './results.ts'

interface Point {
  readonly work: string
  readonly peer: string
  readonly median: number
  readonly least: number
  readonly most: number
}

/** What can't be shown on a scale of powers is shown at its lower end. */
const LEAST = 0.001

/** A panel for each work: each peer's median and range, on a scale of powers of ten. */
export function plot(results: Results): Promise<string> {
  const { spec } = compile(specification(results))
  return new View(parse(spec), { renderer: 'none' }).toSVG()
}

function specification(results: Results): TopLevelSpec {
  const x = {
    type: 'quantitative',
    scale: { type: 'log' },
    axis: { title: null, format: '~s', labelOverlap: true },
  } as const
  const y = { field: 'peer', type: 'nominal', sort: null, axis: { title: null } } as const
  const color = {
    condition: { test: "datum.peer === 'estab'", value: '#d95f02' },
    value: '#4c566a',
  } as const
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    title: { text: describe(results.machine), fontSize: 11, fontWeight: 'normal', anchor: 'start' },
    data: { values: points(results) },
    facet: { field: 'work', type: 'nominal', sort: null, header: { title: null, labelFontWeight: 'bold' } },
    columns: 2,
    spec: {
      width: 320,
      height: { step: 16 },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 3, opacity: 0.4 },
          encoding: { x: { ...x, field: 'least' }, x2: { field: 'most' }, y, color },
        },
        {
          mark: { type: 'point', filled: true, size: 50, opacity: 1 },
          encoding: { x: { ...x, field: 'median' }, y, color },
        },
      ],
    },
    resolve: { scale: { x: 'independent', y: 'independent' } },
    config: { background: 'white', view: { stroke: '#dddddd' } },
  }
}

function points({ works }: Results): Point[] {
  return works.flatMap(({ title, metrics, peers }) => {
    const { name, unit } = metrics[0]!
    return peers.flatMap((peer) => {
      const sample = figures(peer, name)
      if (sample === undefined) return []
      const [median, least, most] = [sample.median, sample.least, sample.most].map((n) => Math.max(n, LEAST))
      return [{ work: `${title}, ${unit}`, peer: peer.title, median: median!, least: least!, most: most! }]
    })
  })
}
