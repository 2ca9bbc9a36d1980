import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** How many processes there are by default: one for each core. */
export const CORES: number = availableParallelism()

/**
 * Gives tasks to processes that run `file`, each its next when it has answered the last; answers go to `onAnswer` as they
 * come. A process answers a message with one message (see `serve`).
 *
 * @throws {Error} when a process ends by itself
 */
export async function runTasks<Task, Answer>(
  file: string,
  workers: number,
  tasks: Iterable<Task>,
  onAnswer: (answer: Answer, task: Task) => void,
): Promise<void> {
  const iterator = tasks[Symbol.iterator]()
  const children = new Set<ChildProcess>()
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(file, ['--worker'], { execArgv: ['--import', 'tsx'] })
      children.add(child)
      let task: Task
      const give = (): void => {
        const next = iterator.next()
        if (next.done === true) {
          child.disconnect()
          return
        }
        task = next.value
        child.send({ task })
      }
      child.on('message', (answer: unknown) => {
        onAnswer(answer as Answer, task)
        give()
      })
      child.on('error', reject)
      child.on('exit', (code, signal) => {
        children.delete(child)
        if (code === 0) resolve()
        else reject(new Error(`a worker ended with ${signal ?? code} at ${JSON.stringify(task)}`))
      })
      give()
    })
  try {
    await Promise.all(Array.from({ length: workers }, work))
  } finally {
    for (const child of children) child.kill()
  }
}

/** The other end: answers each task. */
export function serve<Task, Answer>(answer: (task: Task) => Answer): void {
  process.on('message', ({ task }: { task: Task }) => void process.send!(answer(task)))
}
