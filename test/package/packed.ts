import { execFile, execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))

interface Manifest {
  files: string[]
  dependencies: Record<string, string>
}

/** An empty project with the packed tarball in its node_modules, and its dependencies beside it. Removed by `remove`. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), 'estab-package-'))

  constructor() {
    const stage = join(this.folder, 'stage')
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest
    mkdirSync(stage)
    for (const file of ['package.json', ...manifest.files.filter((name) => name !== 'dist')]) {
      copyFileSync(join(ROOT, file), join(stage, file))
    }
    const tsc = join(ROOT, 'node_modules/.bin/tsc')
    execFileSync(tsc, ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(stage, 'dist')], { stdio: 'pipe' })
    const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', this.folder]
    const tarball = execFileSync('npm', pack, { cwd: stage, encoding: 'utf8' }).trim().split('\n').at(-1)!
    const modules = join(this.folder, 'node_modules')
    mkdirSync(join(modules, 'estab'), { recursive: true })
    const unpack = ['-xzf', join(this.folder, tarball), '-C', join(modules, 'estab'), '--strip-components=1']
    execFileSync('tar', unpack)
    rmSync(stage, { recursive: true })
    for (const name of [...Object.keys(manifest.dependencies), '@types/node', 'undici-types']) {
      mkdirSync(dirname(join(modules, name)), { recursive: true })
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
    }
    writeFileSync(join(this.folder, 'package.json'), '{ "private": true }\n')
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  /** Runs a command in the project; 30 s. */
  run(command: string, args: readonly string[]): Promise<{ code: number; output: string }> {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    return new Promise((resolve) => {
      execFile(command, args, { cwd: this.folder, timeout: 30_000, env }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        resolve({ code, output: `${stdout}${stderr}` })
      })
    })
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}

/** The blocks of TypeScript of a page, which are JavaScript as well. */
export function examples(page: string): string[] {
  return [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1]!)
}
