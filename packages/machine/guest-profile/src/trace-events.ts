import type { Clocks, NamedSample, Stretch } from './sample.ts'

/** An event of the Trace Event Format: a frame begins, it ends, or something has a name. Times are microseconds. */
export type TraceEvent =
  | { readonly ph: 'B' | 'E'; readonly name: string; readonly pid: number; readonly tid: number; readonly ts: number }
  | {
      readonly ph: 'M'
      readonly name: 'process_name' | 'thread_name'
      readonly pid: number
      readonly tid: number
      readonly ts: 0
      readonly args: { readonly name: string }
    }

/** A file that profile viewers open. */
export interface TraceFile {
  readonly displayTimeUnit: 'ns'
  readonly traceEvents: readonly TraceEvent[]
  /** What no viewer draws: whatever the caller has to say. */
  readonly otherData: object
}

type Clock = keyof Clocks

/** A process for each clock: each has a timeline of its own. */
const processes: Readonly<Record<Clock, { readonly pid: number; readonly name: string }>> = {
  guest: { pid: 1, name: 'guest time' },
  host: { pid: 2, name: 'host time' },
}
const microsecond = 1000
/** By events of these names speedscope knows another format, that of Chrome's developer tools. */
const othersNames = ['CpuProfile', 'Profile', 'ProfileChunk']
/** Frames end a nanosecond before others begin, so that whoever sorts by time need not guess what was first. */
const between = 0.001

/**
 * Samples as frames that begin and end, a thread for each processor, once by the guest's clock and once by the host's: what
 * speedscope and Perfetto both open. Time that no sample covers is nobody's: the processor was idle, or another one ran.
 * Source: Trace Event Format, Duration Events and Metadata Events.
 */
export function traceFile(samples: readonly NamedSample[], otherData: object = {}): TraceFile {
  const vcpus = [...new Set(samples.map(({ vcpu }) => vcpu))].sort((a, b) => a - b)
  const clocks = Object.keys(processes) as Clock[]
  const traceEvents = clocks.flatMap((clock) => [
    named('process_name', processes[clock].pid, 0, processes[clock].name),
    ...vcpus.flatMap((vcpu) => timeline(clock, vcpu, samples)),
  ])
  return { displayTimeUnit: 'ns', traceEvents, otherData }
}

const named = (name: 'process_name' | 'thread_name', pid: number, tid: number, text: string): TraceEvent => {
  return { ph: 'M', name, pid, tid, ts: 0, args: { name: text } }
}

function timeline(clock: Clock, vcpu: number, samples: readonly NamedSample[]): readonly TraceEvent[] {
  const { pid } = processes[clock]
  const line = new Timeline(pid, vcpu)
  for (const sample of samples) if (sample.vcpu === vcpu) line.add(sample[clock], sample.frames)
  return [named('thread_name', pid, vcpu, `vCPU ${vcpu}`), ...line.ended()]
}

/** Frames of one processor by one clock. What goes on from one sample to the next is one frame. */
class Timeline {
  readonly #events: TraceEvent[] = []
  readonly #pid: number
  readonly #tid: number
  #open: readonly string[] = []
  #to = 0

  constructor(pid: number, tid: number) {
    this.#pid = pid
    this.#tid = tid
  }

  add({ to, ran }: Stretch, frames: readonly string[]): void {
    // clocks are coarse: perhaps no time has passed
    const from = Math.max(to - ran, this.#to)
    if (to - from < 1) return
    const common = from > this.#to ? 0 : commonOf(this.#open, frames)
    this.#close(common)
    for (const name of frames.slice(common)) this.#event('B', name, from / microsecond)
    this.#open = frames
    this.#to = to
  }

  ended(): readonly TraceEvent[] {
    this.#close(0)
    return this.#events
  }

  /** Ends all frames but the first few, the innermost first. */
  #close(kept: number): void {
    for (const name of this.#open.slice(kept).reverse()) this.#event('E', name, this.#to / microsecond - between)
    this.#open = this.#open.slice(0, kept)
  }

  #event(ph: 'B' | 'E', frame: string, ts: number): void {
    const name = othersNames.includes(frame) ? `${frame}()` : frame
    this.#events.push({ ph, name, pid: this.#pid, tid: this.#tid, ts: Number(ts.toFixed(3)) })
  }
}

function commonOf(a: readonly string[], b: readonly string[]): number {
  let count = 0
  while (count < a.length && a[count] === b[count]) count += 1
  return count
}
