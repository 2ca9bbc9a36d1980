import { basename } from 'node:path'
import { build } from 'esbuild'
import { peerPath } from './build.ts'

/**
 * The program as one file of JavaScript, as a published package has it: tsx would put a call into each closure that is made,
 * and its own memory into the process. Returns the file.
 */
export async function bundle(script: string): Promise<string> {
  const outfile = peerPath(`estab/build/${basename(script, '.ts')}.mjs`)
  const options = { bundle: true, packages: 'external', platform: 'node', format: 'esm', target: 'node20' } as const
  await build({ entryPoints: [script], outfile, logLevel: 'silent', ...options })
  return outfile
}
