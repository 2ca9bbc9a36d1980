import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { RealTime } from '../src/host/real-time.ts'
import { inProcess, type WorkFigures } from './browser/works.ts'
import { printTable, text } from './harness/report.ts'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--js-flags=--expose-gc',
]
const OPTIONS = { short: { type: 'boolean', default: false } } as const

/** The longest that the page may take, ms. */
const LIMIT = 300_000

/** Two stacks in a page of Chromium, and the same in this process. */
export async function browserBench(args: readonly string[]): Promise<void> {
  const { short } = parseArgs({ args: [...args], options: OPTIONS }).values
  if (!existsSync(CHROMIUM)) {
    console.log(`skipped: ${CHROMIUM} is missing. The variable CHROMIUM may name another`)
    return
  }
  const { version, figures } = await inChromium(short)
  const node = await inProcess(new RealTime(), short)
  printTable([
    ['two stacks in one process', `Chromium ${version}`, `Node ${process.version}`],
    ...figures.map(({ work, figures }, i) => [work, text(figures), text(node[i]!.figures)]),
  ])
}

async function inChromium(short: boolean): Promise<{ version: string; figures: WorkFigures[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'estab-page-'))
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  // Whatever the page does, it ends.
  const limit = setTimeout(() => void browser.close(), LIMIT)
  try {
    const file = join(folder, 'page.html')
    writeFileSync(file, `<!doctype html><meta charset="utf-8"><script>${await bundle()}</script>`)
    const page = await browser.newPage()
    await page.goto(pathToFileURL(file).href)
    const figures = await page.evaluate<WorkFigures[]>(`measure(${short})`)
    return { version: browser.version(), figures }
  } finally {
    clearTimeout(limit)
    await browser.close()
    rmSync(folder, { recursive: true })
  }
}

/** For a browser: what is Node's own would not be found. */
async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL('browser/page.ts', import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
  })
  return outputFiles[0]!.text
}
