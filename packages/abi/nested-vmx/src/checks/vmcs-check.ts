import type { Lifetime } from '@vmm/rule'
import type { NestedVcpu } from '../rules/set-nested-state/call.ts'
import { primaryControls, secondaryControls } from '../vmcs12/controls.ts'
import type { Vmcs12Field, Vmcs12Reader, Vmcs12Values } from '../vmcs12/vmcs12.ts'

/** What an entry into L2 is checked with. */
export interface L2Entry {
  readonly read: Vmcs12Reader
  readonly vcpu: NestedVcpu
  /** L2 has been entered, and has not run: of what is loaded at an entry, this is the time to check it. */
  readonly runPending: boolean
}

/** One consistency check of a VMCS: a sentence, which fields it looks at, and a VMCS that fails it. */
export interface VmcsCheck {
  readonly says: string
  /** Where KVM makes it: a function of arch/x86/kvm/vmx/nested.c. */
  readonly where: string
  /** When it is made; left out, in every release. */
  readonly lifetime?: Lifetime
  /** The commit that began or ended it. */
  readonly by?: readonly [id: string, subject: string]
  readonly fails: (entry: L2Entry) => boolean
  /** Fields with which a VMCS that is otherwise in order fails. */
  readonly broken: Vmcs12Values
  /** What else of the vCPU it takes to fail. */
  readonly around?: Partial<NestedVcpu>
  /** No machine whose kernel was asked has what it is about. */
  readonly unasked?: true
}

/** Whether a control of primary processor-based execution is set. */
export function hasPrimary({ read }: L2Entry, name: keyof typeof primaryControls): boolean {
  return (read('CPU_BASED_VM_EXEC_CONTROL') & primaryControls[name]) !== 0n
}

/** Whether a secondary control is set, and the secondary controls count at all. */
export function hasSecondary(entry: L2Entry, name: keyof typeof secondaryControls): boolean {
  return (
    hasPrimary(entry, 'SECONDARY_CONTROLS') &&
    (entry.read('SECONDARY_VM_EXEC_CONTROL') & secondaryControls[name]) !== 0n
  )
}

/** Whether a field has any of some bits. */
export function has({ read }: L2Entry, field: Vmcs12Field, bits: bigint): boolean {
  return (read(field) & bits) !== 0n
}

/** Whether a physical address is one that the guest can have, and begins on a boundary. */
export function isLegal({ vcpu }: Pick<L2Entry, 'vcpu'>, address: bigint, alignment = 1n): boolean {
  return address >> BigInt(vcpu.physicalAddressWidth) === 0n && address % alignment === 0n
}

/** The same of a CR3, whose bits 62:61 are those of linear-address masking where CR4.LAM_SUP may be set. Source: arch/x86/kvm/cpuid.h kvm_vcpu_is_legal_cr3 (Linux 6.8). */
export function isLegalCr3(of: Pick<L2Entry, 'vcpu'>, cr3: bigint): boolean {
  const masking = ((of.vcpu.allowedCr4 >> 28n) & 1n) * (3n << 61n)
  return isLegal(of, cr3 & ~masking)
}

/** Whether a field is no address of a page. */
export function noPage(entry: L2Entry, field: Vmcs12Field): boolean {
  return !isLegal(entry, entry.read(field), 0x1000n)
}
