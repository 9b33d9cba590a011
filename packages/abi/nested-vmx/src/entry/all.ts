import type { EntryCheck } from './entry-check.ts'
import { executionRows } from './execution.rows.ts'
import { exitAndEntryRows } from './exit-and-entry.rows.ts'
import { guestRegisterRows } from './guest-registers.rows.ts'
import { guestRestRows } from './guest-rest.rows.ts'
import { guestSegmentRows } from './guest-segments.rows.ts'
import { hostRows } from './host.rows.ts'

/** What an entry reports that fails: an error of VMLAUNCH or VMRESUME, or an exit with reason 33 and a qualification. */
export type EntryReport =
  | { readonly kind: 'vmfail'; readonly error: 7 | 8 }
  | { readonly kind: 'exit'; readonly reason: 33; readonly qualification: 0 | 2 | 3 | 4 }

/** The id of a check of the manual. */
export type EntryCheckId =
  | keyof typeof executionRows
  | keyof typeof exitAndEntryRows
  | keyof typeof hostRows
  | keyof typeof guestRegisterRows
  | keyof typeof guestSegmentRows
  | keyof typeof guestRestRows

/** A check of the manual, with its name and what is reported where it fails. */
export interface NamedEntryCheck extends EntryCheck {
  readonly id: EntryCheckId
  readonly reports: EntryReport
}

const controls: EntryReport = { kind: 'vmfail', error: 7 }
const host: EntryReport = { kind: 'vmfail', error: 8 }

function named(rows: Readonly<Record<string, EntryCheck>>, report?: EntryReport): readonly NamedEntryCheck[] {
  return Object.entries(rows).map(([id, row]) => ({
    ...row,
    id: id as EntryCheckId,
    reports: report ?? { kind: 'exit', reason: 33, qualification: row.qualification ?? 0 },
  }))
}

/** Every check of an entry, in the manual's order. */
export const entryChecks: readonly NamedEntryCheck[] = [
  ...named(executionRows, controls),
  ...named(exitAndEntryRows, controls),
  ...named(hostRows, host),
  ...named(guestRegisterRows),
  ...named(guestSegmentRows),
  ...named(guestRestRows),
]
