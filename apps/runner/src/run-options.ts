import type { BuiltTable } from '@vmm/cpuid'
import type { TraceRequest } from './trace.ts'

/** What `vmm run` was asked to do, checked. */
export interface RunOptions {
  readonly image: string | undefined
  readonly initrd: string | undefined
  readonly append: string | undefined
  readonly memorySize: number
  /** The processor that the guest sees. */
  readonly table: BuiltTable
  readonly exec: string | undefined
  readonly console: boolean
  readonly maxInstructions: number
  readonly timeout: number
  readonly clock: 'real' | 'virtual'
  readonly reboot: boolean
  readonly trace: TraceRequest | undefined
  readonly report: string | undefined
}

/** Bad input: one line for a person, exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const units: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 }
const smallest = 16 * 1024 ** 2
const largest = 3 * 1024 ** 3

/** Memory sizes as `512M`, `2G`, or bytes. */
export function parseMemory(text: string): number {
  const match = /^(\d+)([KMG])?(?:i?B)?$/i.exec(text.trim())
  if (match === null) throw new UsageError(`--memory ${text}: expected a size such as 512M or 2G`)
  const bytes = Number(match[1]) * (units[match[2]?.toUpperCase() ?? ''] ?? 1)
  if (bytes < smallest || bytes > largest) throw new UsageError(`--memory ${text}: expected between 16M and 3G`)
  return Math.ceil(bytes / 4096) * 4096
}

/** A positive number with a name. */
export function parsePositive(flag: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new UsageError(`${flag} ${text}: expected a number above zero`)
  return value
}
