import { allowedCet, isCanonical, isContraryCet } from '@vmm/msr'
import type { NestedVcpu } from '../rules/set-nested-state/call.ts'
import type { Vmcs12Field } from '../vmcs12/vmcs12.ts'
import { hasFixedBits } from '../vmcs12/vmx-limits.ts'
import type { L2Entry } from './vmcs-check.ts'

/** CR0: protected mode, write protection, not write-through, cache disable, paging. */
export const cr0 = { PE: 1n, WP: 1n << 16n, NW: 1n << 29n, CD: 1n << 30n, PG: 1n << 31n } as const
/** CR4: physical-address extension, process-context identifiers, control-flow enforcement. */
export const cr4 = { PAE: 1n << 5n, PCIDE: 1n << 17n, CET: 1n << 23n } as const
/** EFER: long mode enabled, active, virtualization with SVM. */
export const efer = { LME: 1n << 8n, LMA: 1n << 10n, SVME: 1n << 12n } as const

/** What of IA32_S_CET a guest with all of it may set. */
export const wholeSCet: bigint = allowedCet(() => true)

/** Whether the state of CET is one that a guest may have. Source: arch/x86/kvm/vmx/nested.c is_valid_cet_state (Linux 6.18). */
export function isEnforcement(entry: L2Entry, of: 'GUEST' | 'HOST'): boolean {
  const cet = entry.read(`${of}_S_CET`)
  const isAligned = (entry.read(`${of}_SSP`) & 3n) === 0n
  const isTaken = (cet & ~entry.vcpu.allowedSCet) === 0n && !isContraryCet(cet)
  return isTaken && isAligned && !notCanonical(entry, `${of}_INTR_SSP_TABLE`)
}

/** Whether every byte of a PAT is a memory type that there is. Source: SDM 3A §12.12.2 IA32_PAT MSR. */
export function isPat(value: bigint): boolean {
  return Array.from({ length: 8 }, (_, at) => (value >> BigInt(8 * at)) & 0xffn).every(
    (type) => type <= 7n && type !== 2n && type !== 3n,
  )
}

/** Whether CR4 is one that VMX and the guest's CPUID allow. */
export function isCr4({ vmx, allowedCr4 }: NestedVcpu, value: bigint): boolean {
  return hasFixedBits(vmx, 'CR4', value) && (value & ~allowedCr4) === 0n
}

/** Whether EFER has only bits that the guest may set. */
export function isEfer({ allowedEfer }: NestedVcpu, value: bigint): boolean {
  return (value & ~allowedEfer) === 0n
}

/** Whether any of some fields is no canonical address. */
export function notCanonical({ read, vcpu }: L2Entry, ...fields: readonly Vmcs12Field[]): boolean {
  return fields.some((field) => !isCanonical(read(field), vcpu.linearAddressWidth))
}

/** Whether a selector names a descriptor of the global table with privilege 0. */
export function isHostSelector(selector: bigint): boolean {
  return (selector & 7n) === 0n
}
