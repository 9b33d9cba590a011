import type { Lifetime } from '@vmm/rule'
import type { NestedVcpu } from '../rules/set-nested-state/call.ts'
import type { VmcbReader, VmcbValues } from '../vmcb12/vmcb12.ts'

/** What a VMCB is checked with. */
export interface VmcbEntry {
  readonly read: VmcbReader
  readonly vcpu: NestedVcpu
}

/** One consistency check of a VMCB: a sentence, and a VMCB that fails it. */
export interface VmcbCheck {
  readonly says: string
  /** Where KVM makes it: a function of arch/x86/kvm/svm/nested.c. */
  readonly where: string
  /** When it is made; left out, since KVM gives and takes the nested state of SVM. */
  readonly lifetime?: Lifetime
  readonly by?: readonly [id: string, subject: string]
  readonly fails: (entry: VmcbEntry) => boolean
  /** Fields with which a VMCB that is otherwise in order fails. */
  readonly broken: VmcbValues
  readonly around?: Partial<NestedVcpu>
}

/** Whether a physical address is one that the guest can have. */
export function isGuestAddress({ vcpu }: VmcbEntry, address: bigint): boolean {
  return address >> BigInt(vcpu.physicalAddressWidth) === 0n
}

/** Whether a bitmap that begins at the page of an address lies all where the guest can have memory. */
export function isBitmap(entry: VmcbEntry, address: bigint, bytes: bigint): boolean {
  const first = address & ~0xfffn
  return isGuestAddress(entry, first) && isGuestAddress(entry, BigInt.asUintN(64, first + bytes - 1n))
}
