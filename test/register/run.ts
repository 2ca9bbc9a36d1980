import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** Runs a program's text in a process of its own, as an ES module or as CommonJS, from source. It has 30 s. */
export function program(type: 'module' | 'commonjs', text: string, ...imports: string[]): Promise<Outcome> {
  const flags = ['tsx', ...imports].flatMap((name) => ['--import', name])
  const args = [...flags, `--input-type=${type}`, '--eval', text]
  const env = { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' }
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT, timeout: 30_000, env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, stdout, stderr })
    })
  })
}

export const REGISTER = './src/register/register.ts'
export const NET = './src/net/index.ts'
