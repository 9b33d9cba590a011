import { rounded } from '../results.ts'
import { geometricMean, type Measured } from './measured.ts'

/** What is to be reached, and whether it is. */
export interface Limit {
  readonly says: string
  readonly atMost?: number
  readonly atLeast?: number
  readonly goal?: number
  /** Undefined where it was not measured. */
  readonly value?: number
  /** Which row it is that decides, where one does. */
  readonly row?: string
}

/** What is measured beside the rows. */
export interface Beside {
  /** CPU seconds to the first instruction, now and before there was a second tier. */
  readonly firstInstruction?: number
  readonly firstInstructionBefore?: number
  readonly codeCacheMegabytes?: number
}

type Want = Pick<Limit, 'says' | 'atMost' | 'atLeast' | 'goal'>

/** `met` and `not met` are said only of what was measured. */
export function verdict({ atMost, atLeast, value }: Limit): 'met' | 'not met' | 'not measured' {
  if (value === undefined) return 'not measured'
  return value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? 0) ? 'met' : 'not met'
}

const fair = ({ apart }: Measured): boolean => !apart

/** Ratios to a peer of the rows that count. */
function ratios(rows: readonly Measured[], peer: string): readonly { readonly name: string; readonly ratio: number }[] {
  return rows.filter(fair).flatMap(({ name, ratios }) => {
    const ratio = ratios[peer]
    return ratio === undefined ? [] : [{ name, ratio }]
  })
}

function mean(want: Want, rows: readonly Measured[], peer: string): Limit {
  const found = ratios(rows, peer)
  return found.length === 0 ? want : { ...want, value: rounded(geometricMean(found.map(({ ratio }) => ratio)), 2) }
}

function worst(want: Want, rows: readonly Measured[], peer: string): Limit {
  const [first, ...rest] = ratios(rows, peer)
  if (first === undefined) return want
  const { name, ratio } = rest.reduce((most, each) => (each.ratio > most.ratio ? each : most), first)
  return { ...want, value: ratio, row: name }
}

const plain = (want: Want, value: number | undefined): Limit =>
  value === undefined ? want : { ...want, value: rounded(value, 2) }

/** What two processors get done in a second as a multiple of what one does: by the wall, or by CPU time. */
function throughput(rows: readonly Measured[], peer: string, by: 'seconds' | 'cpuSeconds'): number | undefined {
  const cost = (name: string, who: string): number | undefined => {
    const outcome = rows.find((row) => row.name === name)?.peers[who]
    return outcome?.[by] === undefined ? undefined : outcome[by] / outcome.rounds!
  }
  const [one, two] = [cost('alone', 'vmm'), cost('parallel', peer)]
  return one === undefined || two === undefined ? undefined : one / two
}

/** All limits in their order. Means are geometric, of CPU seconds; rows that are unfair to a peer are in none. */
export function limitsOf(rows: readonly Measured[], beside: Beside): readonly Limit[] {
  const wide = rows.filter(({ width }) => width === 64)
  const own = wide.filter(({ name }) => name !== 'boot')
  const narrow = rows.filter(({ width }) => width === 32)
  const kind = (...kinds: readonly Measured['kind'][]) => wide.filter((row) => kinds.includes(row.kind))
  const { firstInstruction, firstInstructionBefore } = beside
  const start = firstInstruction && firstInstructionBefore && firstInstruction / firstInstructionBefore
  return [
    mean({ says: '64-bit compute rows against QEMU, mean', atMost: 0.9, goal: 0.6 }, kind('compute'), 'qemu'),
    mean({ says: 'all 64-bit rows against QEMU, mean', atMost: 0.65 }, own, 'qemu'),
    worst({ says: 'the slowest 64-bit row against QEMU', atMost: 2 }, own, 'qemu'),
    worst({ says: 'floating point against QEMU, the slowest row', atMost: 0.5 }, kind('float'), 'qemu'),
    worst({ says: 'string instructions against QEMU', atMost: 0.5 }, kind('string'), 'qemu'),
    worst({ says: 'self-modifying code against QEMU', atMost: 0.5 }, kind('code'), 'qemu'),
    mean({ says: '32-bit rows against v86, mean', atMost: 0.6 }, narrow, 'v86'),
    worst({ says: 'the slowest 32-bit row against v86', atMost: 1 }, narrow, 'v86'),
    worst(
      { says: 'Linux from start to shell against QEMU', atMost: 1.5, goal: 1 },
      wide.filter(({ name }) => name === 'boot'),
      'qemu',
    ),
    plain({ says: 'code cache of that boot, MB', atMost: 100 }, beside.codeCacheMegabytes),
    plain(
      { says: 'two CPUs in threads, throughput against one', atLeast: 1.7 },
      throughput(wide, 'threads', 'seconds'),
    ),
    plain({ says: 'two CPUs in turns, throughput against one', atLeast: 0.9 }, throughput(wide, 'vmm', 'cpuSeconds')),
    plain({ says: 'first instruction, CPU seconds against what it was', atMost: 1.1 }, start),
  ]
}
