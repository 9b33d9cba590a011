import type { EngineChoice } from './engine-choice.ts'
import { shown } from './printable.ts'
import { UsageError } from './usage-error.ts'

/** How processors share the host: turns in one thread, the same in every run, or as many threads as the host runs at once. */
export type Smp = 'turns' | 'threads'

/** What of a run does not go with threads, as it was given. */
interface GivenSmp {
  readonly smp?: string | undefined
  readonly clock?: string | undefined
  readonly trace?: string | undefined
  readonly profile?: string | undefined
  readonly stats?: boolean | undefined
}

/** Hosts that keep loads and stores in the order that x86 guests expect. */
const orderedHosts: readonly string[] = ['x64', 'ia32']

/** @throws {UsageError} for a way that there is not, a host that orders memory otherwise, and what needs one order of all events. */
export function parseSmp(given: GivenSmp, { engine, check }: EngineChoice, host: string = process.arch): Smp {
  const { smp = 'turns', clock, trace, profile, stats } = given
  if (smp !== 'turns' && smp !== 'threads') throw new UsageError(`--smp ${shown(smp)}: expected turns or threads`)
  if (smp === 'turns') return smp
  if (!orderedHosts.includes(host))
    throw new UsageError(
      `--smp threads: expected an x86 host, which orders memory as guests expect; this one is ${host}`,
    )
  const unfit = {
    '--clock virtual': clock === 'virtual',
    '--engine oracle': engine === 'oracle',
    '--check': check !== undefined,
    '--trace': trace !== undefined,
    '--profile': profile !== undefined,
    '--stats': stats === true,
  }
  const flag = Object.entries(unfit).find(([, isGiven]) => isGiven)?.[0]
  if (flag !== undefined) throw new UsageError(`--smp threads: expected no ${flag}: processors take no turns there`)
  return smp
}

/** What a guest does faster without where processors run at the same time, and the names that it is asked for by. */
const slowInThreads = {
  /** With LOCK it stops all others: Linux, which has it for its heap, gets by with a lock that costs less. */
  CMPXCHG16B: /\+(?:CX16|CMPXCHG16B)\b/i,
  /** Nobody is told of stores by other threads: they are looked for, once a millisecond, where HLT and an interrupt wake at once. */
  MONITOR: /\+MONITOR\b/i,
} as const

/** The model and features of `--cpu` for processors in threads: what is slow there is had by who asks for it by name. */
export function cpuForThreads(cpu: string): string {
  const without = Object.entries(slowInThreads).filter(([, asks]) => !asks.test(cpu))
  return [cpu, ...without.map(([feature]) => `-${feature}`)].join(',')
}
