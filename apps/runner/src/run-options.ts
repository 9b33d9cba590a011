import type { Profile } from '@vmm/rule'
import type { AddedFile } from './added-files.ts'
import type { EngineChoice } from './engine-choice.ts'
import { shown } from './printable.ts'
import type { Processor } from './processor.ts'
import type { Smp } from './smp-choice.ts'
import type { TraceRequest } from './trace.ts'
import { UsageError } from './usage-error.ts'

/** What `vmm run` was asked to do, checked. */
export interface RunOptions {
  readonly image: string | undefined
  readonly initrd: string | undefined
  /** Files that are put into the guest's root file system. */
  readonly add: readonly AddedFile[]
  readonly append: string | undefined
  readonly memorySize: number
  /** How many processors the guest sees. */
  readonly cpus: number
  /** Whether they take turns, or run at the same time. */
  readonly smp: Smp
  /** The kernel release whose KVM runs the guest. */
  readonly kernel: Profile
  /** The processor that the guest sees. */
  readonly table: Processor
  /** What runs its instructions. */
  readonly engine: EngineChoice
  readonly exec: string | undefined
  readonly console: boolean
  readonly maxInstructions: number
  readonly timeout: number
  readonly clock: 'real' | 'virtual'
  readonly reboot: boolean
  readonly trace: TraceRequest | undefined
  readonly report: string | undefined
  /** Where a profile is written to. */
  readonly profile: string | undefined
  /** Whether the end of the run is told with what it spent its time with. */
  readonly stats: boolean
}

const units: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }
const smallest = 16 * 1024 ** 2
/** Guest memory and the machine's own share the 4 GiB that a WebAssembly memory has. */
const largest = 3840 * 1024 ** 2

/**
 * Memory sizes as `512M`, `2G`, or bytes: in bytes, whole pages.
 * @throws {UsageError}
 */
export function parseMemory(text: string): number {
  const match = /^(\d+)([KMGT])?(?:i?B)?$/i.exec(text.trim())
  if (match === null) throw new UsageError(`--memory ${shown(text)}: expected a size such as 512M or 2G`)
  const bytes = Number(match[1]) * (units[match[2]?.toUpperCase() ?? ''] ?? 1)
  if (bytes < smallest || bytes > largest) throw new UsageError(`--memory ${text}: expected between 16M and 3840M`)
  return Math.ceil(bytes / 4096) * 4096
}

const mostCpus = 64

/**
 * How many processors; one without a text.
 * @throws {UsageError}
 */
export function parseCpus(text = '1'): number {
  const cpus = /^\d+$/.test(text) ? Number(text) : 0
  if (cpus >= 1 && cpus <= mostCpus) return cpus
  throw new UsageError(`--cpus ${shown(text)}: expected a whole number from 1 to ${mostCpus}`)
}

/**
 * A whole number above zero; without one, infinity.
 * @throws {UsageError}
 */
export function parseWhole(flag: string, text: string | undefined): number {
  const value = parseNumber(text)
  if (Number.isSafeInteger(value) || text === undefined) return value
  throw new UsageError(`${flag} ${shown(text)}: expected a whole number above zero`)
}

/**
 * Seconds, perhaps with a fraction; without a text, infinity.
 * @throws {UsageError}
 */
export function parseSeconds(flag: string, text: string | undefined): number {
  const value = parseNumber(text)
  if (Number.isFinite(value) || text === undefined) return value
  throw new UsageError(`${flag} ${shown(text)}: expected a number of seconds above zero`)
}

/** NaN for what is no number above zero. */
function parseNumber(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY
  const value = /^(\d+\.?\d*|\.\d+)(e\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN
  return value > 0 ? value : Number.NaN
}
