import { writeFileSync } from 'node:fs'
import type { Difference } from '@vmm/oracle-engine'
import { type Profile, tellProfile } from '@vmm/rule'
import type { Totals } from './meter.ts'
import { type Outcome, sayOutcome, statusOf } from './outcome.ts'
import type { RunProfile } from './profile/profile.ts'
import type { ExitCounts } from './trace.ts'

/** What is known about a run that is over. */
export interface Ran {
  readonly outcome: Outcome
  readonly totals: Totals
  /** The kernel release whose KVM it was. */
  readonly kernel: Profile
  /** Exits by level and reason. */
  readonly exits: ExitCounts
  /** Instructions of each processor. */
  readonly instructionsOfEach: readonly number[]
  /** Slices that the oracle has run again, if it was asked to. */
  readonly checkedSlices?: number
  /** Where they differed. */
  readonly difference?: Difference
  /** How often the guest was started again. */
  readonly resets: number
  /** Of the machine at the end; only a report asks for it. */
  readonly stateHash?: string
  /** Where it spent its time, if that was asked for. */
  readonly profile?: RunProfile
}

const mega = 1e6

/** The report as JSON: `end` says how the run ended, `status` what the process ends with. Times are in seconds. */
export function writeReport(path: string, ran: Ran): void {
  const { outcome, totals, kernel, exits, instructionsOfEach, checkedSlices, resets, stateHash } = ran
  const { kind, ...details } = outcome
  const seconds = totals.milliseconds / 1000
  const { user, system } = process.cpuUsage()
  const report = {
    end: kind,
    status: statusOf(outcome),
    says: sayOutcome(outcome),
    ...('value' in details ? { value: details.value } : {}),
    ...('name' in details ? { signal: details.name } : {}),
    kvm: tellProfile(kernel),
    instructions: totals.instructions,
    instructionsOfEach,
    ...(stateHash === undefined ? {} : { stateHash }),
    ...(checkedSlices === undefined ? {} : { checkedSlices }),
    exits,
    resets,
    seconds,
    guestSeconds: totals.guestTime / 1e9,
    cpuSeconds: (user + system) / mega,
    mips: seconds === 0 ? 0 : totals.instructions / seconds / mega,
    peakMemory: process.resourceUsage().maxRSS * 1024,
  }
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`)
}

/** The line that a run ends with. */
export function summary({ outcome, totals, resets }: Ran): string {
  const seconds = totals.milliseconds / 1000
  const rate = totals.instructions / Math.max(seconds, 1e-3) / mega
  const again = resets === 0 ? '' : `, ${resets} resets`
  return `${sayOutcome(outcome)} after ${totals.instructions} instructions, ${seconds.toFixed(1)} s, ${rate.toFixed(0)} MIPS${again}`
}
