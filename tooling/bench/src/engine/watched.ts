import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** How to start something that says lines, on its stdout or into a file. */
export interface Start {
  readonly command: string
  readonly args: readonly string[]
  readonly output?: string
}

/** What a thread is called and had used. */
export interface Thread {
  readonly name: string
  readonly seconds: number
  /** Seconds that it was ready and had no processor, where the kernel counts them. */
  readonly waited?: number
}

/** What a process had used by a moment. */
export interface Moment {
  readonly seconds: number
  /** Of the whole process, threads that have ended included, to the kernel's tick. */
  readonly cpuSeconds: number
  /** The threads there are, by their ids, far more exactly than by ticks where the kernel has that. */
  readonly threads: Readonly<Record<string, Thread>>
}

/** A line and when its first byte came. */
export interface Mark extends Moment {
  readonly line: string
}

/** What a process said and used until it was ended. */
export interface Watched {
  readonly marks: readonly Mark[]
  /** Memory with code that it made itself: executable and of no file, as far as it was touched, when it was ended. */
  readonly codeBytes: number
  /** Why it did not come to the last line, if it did not. */
  readonly failure: string | undefined
}

const ticksPerSecond = 100
const pollMilliseconds = 5
/** Who is asked to end has so long to do what it does then. */
const graceMilliseconds = 5000
/** Who shares the machine with others takes longer, and who hangs uses nothing. */
const waitFactor = 10

/** Name and processor seconds in a `stat` file of /proc. */
function stat(path: string): Thread {
  const text = readFileSync(path, 'utf8')
  const end = text.lastIndexOf(')')
  const fields = text.slice(end + 2).split(' ')
  return {
    name: text.slice(text.indexOf('(') + 1, end),
    seconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
  }
}

/** How long a thread ran, and how long it waited to, where the kernel counts that. Source: Linux Documentation/scheduler/sched-stats.rst. */
function exactly(thread: string): Pick<Thread, 'seconds' | 'waited'> | undefined {
  try {
    const [ran, waited] = readFileSync(`${thread}/schedstat`, 'utf8').split(' ').map(Number)
    return { seconds: ran! / 1e9, waited: waited! / 1e9 }
  } catch {
    return undefined
  }
}

/** A thread may end while it is looked at. */
function threadsOf(pid: number): Readonly<Record<string, Thread>> {
  const threads: Record<string, Thread> = {}
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    try {
      const thread = `/proc/${pid}/task/${id}`
      const { name, seconds } = stat(`${thread}/stat`)
      threads[id] = { name, seconds, ...exactly(thread) }
    } catch {}
  }
  return threads
}

function momentOf(pid: number, started: number): Moment {
  const seconds = (performance.now() - started) / 1000
  try {
    return { seconds, cpuSeconds: stat(`/proc/${pid}/stat`).seconds, threads: threadsOf(pid) }
  } catch {
    return { seconds, cpuSeconds: Number.NaN, threads: {} }
  }
}

/** Sums what is resident of the executable mappings without a file. Source: Linux Documentation/filesystems/proc.rst, smaps. */
export function codeBytesOf(maps: string): number {
  let [bytes, counts] = [0, false]
  for (const line of maps.split('\n')) {
    const mapping = /^[0-9a-f]+-[0-9a-f]+ (\S+) \S+ \S+ (\d+)/.exec(line)
    if (mapping !== null) counts = mapping[1]!.includes('x') && mapping[2] === '0' && !line.endsWith(']')
    else if (counts && line.startsWith('Rss:')) bytes += Number(/\d+/.exec(line)![0]) * 1024
  }
  return bytes
}

/** Cuts a stream into lines, each with the moment of its first byte. */
class Marks {
  readonly done: Mark[] = []
  #pending = ''
  #moment: Moment | undefined

  /** Takes what came, and says whether the last line is there. */
  take(text: string, now: () => Moment, isLast: (line: string) => boolean): boolean {
    let moment: Moment | undefined
    for (const character of text) {
      if (this.#pending === '') this.#moment = moment ??= now()
      if (character !== '\n') this.#pending += character
      else {
        const line = this.#pending.replace(/\r+$/, '')
        this.#pending = ''
        this.done.push({ line, ...this.#moment! })
        if (isLast(line)) return true
      }
    }
    return false
  }
}

/** Runs something until it says a line that is the last one, or has used so many CPU seconds; then ends it. */
export function watched(start: Start, isLast: (line: string) => boolean, limit: number): Promise<Watched> {
  const started = performance.now()
  const child = spawn(start.command, start.args, {
    stdio: ['ignore', start.output === undefined ? 'pipe' : 'ignore', 'pipe'],
  })
  const marks = new Marks()
  return new Promise((resolve) => {
    let [complaint, failure, codeBytes] = ['', undefined as string | undefined, 0]
    let grace: NodeJS.Timeout | undefined
    const end = (why?: string): void => {
      if (grace !== undefined) return
      failure = why
      codeBytes = codeBytesOf(readIfThere(`/proc/${child.pid}/smaps`))
      child.kill()
      grace = setTimeout(() => child.kill('SIGKILL'), graceMilliseconds)
    }
    const take = (text: string): void => {
      if (marks.take(text, () => momentOf(child.pid!, started), isLast)) end()
    }
    const stop = listen(child, start.output, take)
    const timer = setInterval(() => {
      const { seconds, cpuSeconds } = momentOf(child.pid!, started)
      if (cpuSeconds > limit || seconds > limit * waitFactor) end(`not ended after ${limit} CPU seconds`)
    }, pollMilliseconds * 100)
    child.stderr!.on('data', (piece: Buffer) => {
      complaint += piece
    })
    child.on('error', ({ message }) => {
      complaint += message
    })
    child.on('close', (status, signal) => {
      clearInterval(timer)
      clearTimeout(grace)
      stop()
      const ended = marks.done.some(({ line }) => isLast(line))
      const why = failure ?? `ended with ${signal ?? status}: ${complaint.trim().slice(-300)}`
      resolve({ marks: marks.done, codeBytes, failure: ended ? undefined : why })
    })
  })
}

function listen(child: ChildProcess, output: string | undefined, take: (text: string) => void): () => void {
  if (output === undefined) {
    child.stdout!.on('data', (piece: Buffer) => take(piece.toString('latin1')))
    return () => {}
  }
  let seen = 0
  const timer = setInterval(() => {
    const text = readIfThere(output)
    if (text.length > seen) take(text.slice(seen))
    seen = text.length
  }, pollMilliseconds)
  return () => clearInterval(timer)
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
