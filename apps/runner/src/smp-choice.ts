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

/**
 * The model and features of `--cpu` for processors in threads: without MWAIT and CMPXCHG16B, which would stop all others each time.
 * Whoever asks for the latter by name gets it.
 */
export function cpuForThreads(cpu: string): string {
  const isAsked = /\+(?:CX16|CMPXCHG16B)\b/i.test(cpu)
  return [cpu, '-MONITOR', ...(isAsked ? [] : ['-CMPXCHG16B'])].join(',')
}
