import type { ProcessorRegisters } from '@vmm/x86-registers'
import { hasSecondaryControl } from '../vmcs12/control-bits.ts'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import type { VmxMsrs } from '../vmcs12/vmx-limits.ts'
import { FixedFields } from './fixed-fields.ts'
import { stateCells } from './state-cells.ts'

/** The field VMX of a processor's state. */
export const vmxOperation = { none: 0, root: 1, nonRoot: 2 } as const

/** What non-root operation alone has. */
const ofNonRoot = new FixedFields([
  ['CR0_MASK', 0],
  ['CR0_SHADOW', 0],
  ['CR4_MASK', 0],
  ['CR4_SHADOW', 0],
  ['EPTP', 0],
  ['APIC_ACCESS', 0],
])

/** PE and PG: what an unrestricted guest may do without. */
const free = 0x8000_0001n

/** Outside VMX operation nothing is fixed. */
export function setOutsideVmx(registers: ProcessorRegisters): void {
  setMode(registers, vmxOperation.none, 0n, 0n)
}

/** VMX root operation: some bits of CR0 and CR4 are fixed. Source: SDM 3C 24.8. */
export function setRoot(registers: ProcessorRegisters, msrs: VmxMsrs): void {
  setMode(registers, vmxOperation.root, msrs.IA32_VMX_CR0_FIXED0, msrs.IA32_VMX_CR4_FIXED0)
}

/** VMX non-root operation: an unrestricted guest needs neither paging nor protected mode. */
export function setNonRoot(registers: ProcessorRegisters, msrs: VmxMsrs, vmcs: LiveVmcs12): void {
  const fixed = msrs.IA32_VMX_CR0_FIXED0
  const required = hasSecondaryControl(vmcs, 'UNRESTRICTED_GUEST') ? fixed & ~free : fixed
  stateCells(registers).VMX.word = vmxOperation.nonRoot
  registers.set('CR0_REQUIRED', required)
  registers.set('CR4_REQUIRED', msrs.IA32_VMX_CR4_FIXED0)
  const virtualized = hasSecondaryControl(vmcs, 'VIRTUALIZE_APIC_ACCESSES')
  registers.set('APIC_ACCESS', virtualized ? vmcs.read('APIC_ACCESS_ADDR') | thereIsOne : 0n)
}

/** Bit 0 of APIC_ACCESS. */
const thereIsOne = 1n

/** What only non-root operation has is nothing here. */
function setMode(registers: ProcessorRegisters, mode: number, cr0: bigint, cr4: bigint): void {
  stateCells(registers).VMX.word = mode
  registers.set('CR0_REQUIRED', cr0)
  registers.set('CR4_REQUIRED', cr4)
  ofNonRoot.set(registers)
}
