import { inForce, type Profile } from '@vmm/rule'
import type { NestedVcpu } from '../rules/set-nested-state/call.ts'
import { type VmcsLayout, type VmcsReader, vmcs12Layout, vmcsReader } from '../vmcs/vmcs-layout.ts'
import { type EntryCheckId, type EntryReport, entryChecks, type NamedEntryCheck } from './all.ts'
import type { KvmCheck } from './entry-check.ts'
import type { EntryFacts, EntryProcessor } from './entry-processor.ts'
import { type Asked, holds } from './holds.ts'
import { kvmChecks } from './kvm-checks.ts'

/** What an entry is checked with: a vCPU as KVM looks at it, or the same and more of a processor. */
export type EntryCapabilities = Omit<NestedVcpu, 'vmx'> & EntryProcessor

/** Whose verdict is asked for: a processor’s, or that of KVM of a release, before it tries the processor. */
export type CheckedAs =
  | { readonly as: 'processor'; readonly facts?: Partial<EntryFacts>; readonly layout?: VmcsLayout }
  | { readonly as: 'kvm'; readonly kernel: Profile }

/** A sentence that does not hold. */
export interface FailedCheck {
  /** A check of the manual, or a promise of KVM. */
  readonly id: EntryCheckId | KvmCheck
  readonly says: string
  readonly reports: EntryReport
}

/** A verdict on a VMCS. */
export type EntryVerdict =
  | { readonly kind: 'enters'; readonly unread: readonly FailedCheck[] }
  | {
      readonly kind: 'fails'
      /** What the first check that fails reports. */
      readonly reports: EntryReport
      /** Every check that fails, in the order in which they are made. */
      readonly failed: readonly FailedCheck[]
      /** Checks that fail, of which nobody has read whether this release makes them. */
      readonly unread: readonly FailedCheck[]
    }

/**
 * Checks a VMCS as an entry with it would be, and says every sentence that does not hold. For a verdict only, and fast, see
 * {@link entryFailure}.
 */
export function check(vmcs: Uint8Array, capabilities: EntryCapabilities, asked: CheckedAs): EntryVerdict {
  if (asked.as === 'kvm') return verdict(...kvmFailures(vmcs, capabilities, asked.kernel))
  const read = vmcsReader(vmcs, asked.layout)
  const facts = { ...factsOf(read, capabilities), ...asked.facts }
  return verdict(processorFailures({ read, processor: capabilities, facts }), [])
}

function verdict(failed: readonly FailedCheck[], unread: readonly FailedCheck[]): EntryVerdict {
  const [first] = failed
  return first === undefined ? { kind: 'enters', unread } : { kind: 'fails', reports: first.reports, failed, unread }
}

/** What is around an entry, as far as a vCPU tells. */
function factsOf(read: VmcsReader, { efer, inSmm, linkedRevision }: EntryCapabilities): EntryFacts {
  const linked = Number(read('VMCS_LINK_POINTER'))
  const memory = (address: number) => (address === linked ? linkedRevision : undefined)
  return { longMode: (efer & longModeActive) !== 0n, inSmm, currentVmcs: 0, memory }
}

const longModeActive = 1n << 10n

/** Every check of the manual that fails, by the first reading. */
function processorFailures(asked: Asked): readonly FailedCheck[] {
  return entryChecks.filter((one) => fails(one, asked)).map(({ id, says, reports }) => ({ id, says, reports }))
}

/** Whether a check of the manual fails, by the first reading. */
export function fails({ when, holds: must }: NamedEntryCheck, asked: Asked): boolean {
  return (when === undefined || holds(when, asked)) && !holds(must, asked)
}

function kvmFailures(vmcs: Uint8Array, vcpu: EntryCapabilities, kernel: Profile) {
  const entry = { read: vmcsReader(vmcs, vmcs12Layout), vcpu, runPending: true }
  const failing = kvmChecks
    .map((one) => ({ ...one, made: inForce(one.lifetime, kernel) }))
    .filter((one) => one.made !== 'no' && one.fails(entry))
  const told = (answer: 'yes' | 'unknown') =>
    failing.filter(({ made }) => made === answer).map(({ id, says, reports }) => ({ id, says, reports }))
  return [told('yes'), told('unknown')] as const
}
