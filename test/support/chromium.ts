import { existsSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { chromium, type Page } from 'playwright-core'

const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** Why a test that needs it cannot run; false when it can. */
export const withoutChromium: string | false = !existsSync(CHROMIUM) && `${CHROMIUM} is missing`

/** A page of a browser of its own, gone when the test ends. */
export async function openPage(t: TestContext): Promise<Page> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  t.after(() => browser.close())
  return browser.newPage()
}
