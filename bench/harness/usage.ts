import { readdirSync, readFileSync } from 'node:fs'

/** Ticks a second of /proc/PID/stat: USER_HZ, which is 100 wherever Linux shows it to programs. */
const TICKS = 100

/** CPU seconds of a process so far, in user mode and in the kernel, all threads, those that have ended included. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold blanks. utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** The same to the nanosecond, of the threads that are alive. */
export function exactCpuSecondsOf(pid: number): number {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  }
  return nanoseconds / 1e9
}

/** Octets of memory of a process: its proportional share where that may be read, else its resident set. */
export function memoryOf(pid: number): number {
  const file = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8')
  try {
    return 1024 * Number(/^Pss:\s+(\d+)/m.exec(file('smaps_rollup'))![1])
  } catch {
    return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(file('status'))![1])
  }
}

/** Octets of live objects in the kernel's slab caches whose names fit; undefined where only root may know. */
export function slabOf(names: RegExp): number | undefined {
  let text: string
  try {
    text = readFileSync('/proc/slabinfo', 'utf8')
  } catch {
    return undefined
  }
  let octets = 0
  for (const [, name, objects, size] of text.matchAll(/^(\S+) +(\d+) +\d+ +(\d+)/gm)) {
    if (names.test(name!)) octets += Number(objects) * Number(size)
  }
  return octets
}
