import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** What a process cost as a whole: its threads included. */
export interface Cost {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Of these, what threads other than the first one used: compilers, collectors. */
  readonly threadSeconds: number
  readonly peakBytes: number
  readonly status: number | null
}

const ticksPerSecond = 100

type Sample = Pick<Cost, 'cpuSeconds' | 'threadSeconds' | 'peakBytes'>

/** User and system time in a `stat` file of /proc. */
export function processorSeconds(path: string): number {
  const stat = readFileSync(path, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Processor time and peak memory of a process, as the kernel has them now. */
function sample(pid: number): Sample | undefined {
  try {
    const process = `/proc/${pid}`
    const others = readdirSync(`${process}/task`).filter((thread) => thread !== `${pid}`)
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`${process}/status`, 'utf8'))
    return {
      cpuSeconds: processorSeconds(`${process}/stat`),
      threadSeconds: others.reduce((sum, thread) => sum + processorSeconds(`${process}/task/${thread}/stat`), 0),
      peakBytes: Number(peak?.[1] ?? 0) * 1024,
    }
  } catch {
    return undefined
  }
}

/** Runs a command to its end, stdin closed, output dropped, looking at it fifty times a second. */
export function timed(command: string, args: readonly string[]): Promise<Cost> {
  const started = performance.now()
  const child = spawn(command, args, { stdio: 'ignore' })
  let last: Sample = { cpuSeconds: 0, threadSeconds: 0, peakBytes: 0 }
  const timer = setInterval(() => {
    const now = sample(child.pid!)
    if (now === undefined) return
    // threads that have ended are no longer told apart: who ends them before it goes would seem to have had none
    const threadSeconds = Math.max(now.threadSeconds, last.threadSeconds)
    last = { ...now, threadSeconds, peakBytes: Math.max(now.peakBytes, last.peakBytes) }
  }, 20)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (status) => {
      clearInterval(timer)
      resolve({ ...last, seconds: (performance.now() - started) / 1000, status })
    })
  })
}

/** The middle one; of an even number the lower. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!
}
