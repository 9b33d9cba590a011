import type { ProcessorRegisters } from '@vmm/x86-registers'
import { hasSecondaryControl, secondaryBit } from '../vmcs12/control-bits.ts'
import { entryControls } from '../vmcs12/controls.ts'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { vmcs12Offsets as at } from '../vmcs12/vmcs12.ts'
import { offersControl, type VmxMsrs } from '../vmcs12/vmx-limits.ts'
import { type FixedField, FixedFields } from './fixed-fields.ts'
import { stateCells } from './state-cells.ts'

/** The field VMX of a processor's state. */
export const vmxOperation = { none: 0, root: 1, nonRoot: 2 } as const

/** What non-root operation alone has is nothing elsewhere. */
export const ofNonRoot: readonly FixedField[] = [
  ['CR0_MASK', 0],
  ['CR0_SHADOW', 0],
  ['CR4_MASK', 0],
  ['CR4_SHADOW', 0],
  ['EPTP', 0],
  ['APIC_ACCESS', 0],
]
const nothingOfNonRoot = new FixedFields(ofNonRoot)

/** What every transition of a processor goes by. */
export interface FixedBits {
  /** Bits of CR0 and CR4 that are one in VMX operation: of their lower halves, since the upper ones are reserved. */
  readonly cr0: number
  readonly cr4: number
  /** CR4.CET may be one, and entries may load the state of CET: exits save it. */
  readonly cet: boolean
}

/** What capability MSRs say of it. Source: SDM 3D A.5, A.7 and A.8. */
export function fixedBits(msrs: VmxMsrs): FixedBits {
  const { IA32_VMX_CR0_FIXED0: cr0, IA32_VMX_CR4_FIXED0: cr4, IA32_VMX_CR4_FIXED1: mayBeOne } = msrs
  const cet = (mayBeOne & CET) !== 0n && offersControl(msrs, 'entry', entryControls.LOAD_CET)
  return { cr0: Number(BigInt.asUintN(32, cr0)), cr4: Number(BigInt.asUintN(32, cr4)), cet }
}

/** Of CR4. */
const CET = 1n << 23n

/** PE and PG: what an unrestricted guest may do without. */
const free = 0x8000_0001

/** Outside VMX operation nothing is fixed. */
export function setOutsideVmx(registers: ProcessorRegisters): void {
  setMode(registers, vmxOperation.none, 0, 0)
}

/** VMX root operation: some bits of CR0 and CR4 are fixed. Source: SDM 3C 24.8. */
export function setRoot(registers: ProcessorRegisters, { cr0, cr4 }: FixedBits): void {
  setMode(registers, vmxOperation.root, cr0, cr4)
}

/** VMX non-root operation: an unrestricted guest needs neither paging nor protected mode. */
export function setNonRoot(registers: ProcessorRegisters, fixed: FixedBits, vmcs: LiveVmcs12): void {
  const cells = stateCells(registers)
  cells.VMX.word = vmxOperation.nonRoot
  cells.CR0_REQUIRED.word = hasSecondaryControl(vmcs, secondaryBit.UNRESTRICTED_GUEST) ? fixed.cr0 & ~free : fixed.cr0
  cells.CR4_REQUIRED.word = fixed.cr4
  if (hasSecondaryControl(vmcs, secondaryBit.VIRTUALIZE_APIC_ACCESSES))
    registers.set('APIC_ACCESS', vmcs.wideAt(at.APIC_ACCESS_ADDR) | thereIsOne)
  else cells.APIC_ACCESS.word = 0
}

/** Bit 0 of APIC_ACCESS. */
const thereIsOne = 1n

/** What only non-root operation has is nothing here. */
function setMode(registers: ProcessorRegisters, mode: number, cr0: number, cr4: number): void {
  const cells = stateCells(registers)
  cells.VMX.word = mode
  cells.CR0_REQUIRED.word = cr0
  cells.CR4_REQUIRED.word = cr4
  nothingOfNonRoot.set(registers)
}
