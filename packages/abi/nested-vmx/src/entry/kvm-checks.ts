import { always, inForce, type Lifetime, type Profile } from '@vmm/rule'
import { enlightenedChecks } from '../checks/enlightened-checks.rows.ts'
import { entryExitChecks } from '../checks/entry-exit-checks.rows.ts'
import { executionChecks } from '../checks/execution-checks.rows.ts'
import { guestChecks } from '../checks/guest-checks.rows.ts'
import { hostChecks } from '../checks/host-checks.rows.ts'
import type { L2Entry, VmcsCheck } from '../checks/vmcs-check.ts'
import { vmlaunchHostWidth } from '../rules/vmlaunch/vmlaunch-host-width.rule.ts'
import { aVmlaunch } from '../rules/vmlaunch/witness.ts'
import type { EntryReport } from './all.ts'
import type { KvmCheck } from './entry-check.ts'

/** A check that KVM makes of a VMCS at VMLAUNCH or VMRESUME. */
export interface NamedKvmCheck {
  readonly id: KvmCheck
  readonly says: string
  readonly reports: EntryReport
  readonly fails: (entry: L2Entry) => boolean
  /** The releases that make it. */
  readonly lifetime: Lifetime
}

const controls: EntryReport = { kind: 'vmfail', error: 7 }
const host: EntryReport = { kind: 'vmfail', error: 8 }

/** KVM’s reports: a link pointer has a qualification of its own. */
function guest(id: string): EntryReport {
  return { kind: 'exit', reason: 33, qualification: id.startsWith('nested-vmx-link') ? 4 : 0 }
}

type Rows = Readonly<Record<string, VmcsCheck>>

function named(rows: Rows, reports: (id: string) => EntryReport): readonly NamedKvmCheck[] {
  return Object.entries(rows).map(([id, { says, fails, lifetime = always }]) => ({
    id: id as KvmCheck,
    says,
    reports: reports(id),
    fails,
    lifetime,
  }))
}

const hostWidth: NamedKvmCheck = {
  id: 'vmlaunch-host-width',
  says: vmlaunchHostWidth.says,
  reports: host,
  fails: (entry) => vmlaunchHostWidth.refuses(aVmlaunch({ entry })),
  lifetime: vmlaunchHostWidth.lifetime,
}

/** Every check that KVM makes, in its order. Source: arch/x86/kvm/vmx/nested.c nested_vmx_run (Linux 6.12.117). */
export const kvmChecks: readonly NamedKvmCheck[] = [
  ...named(executionChecks, () => controls),
  ...named(entryExitChecks, () => controls),
  ...named(enlightenedChecks, () => controls),
  hostWidth,
  ...named(hostChecks, () => host),
  ...named(guestChecks, guest),
]

/** What a release reports of an entry by the first check that fails; undefined where none does. */
export type KvmEntryFailure<Kind extends EntryReport['kind']> = (
  entry: L2Entry,
) => Extract<EntryReport, { readonly kind: Kind }> | undefined

/** What a release checks of controls and host state (`vmfail`), or of guest state (`exit`). What it leaves to the processor is for the caller. */
export function kvmEntryFailure<Kind extends EntryReport['kind']>(profile: Profile, kind: Kind): KvmEntryFailure<Kind> {
  type Report = ReturnType<KvmEntryFailure<Kind>>
  const made = kvmChecks.filter(
    ({ reports, lifetime }) => reports.kind === kind && inForce(lifetime, profile) === 'yes',
  )
  return (entry) => made.find(({ fails }) => fails(entry))?.reports as Report
}
