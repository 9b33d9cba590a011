import type { ProcessorRegisters } from '@vmm/x86-registers'
import { exitBit, hasExitControl } from '../vmcs12/control-bits.ts'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { vmcs12Offsets as at } from '../vmcs12/vmcs12.ts'
import { loadHostEnforcement } from './enforcement-state.ts'
import type { FixedField } from './fixed-fields.ts'
import { MovedFields } from './moved-fields.ts'
import { type FixedBits, ofNonRoot, vmxOperation } from './operation-mode.ts'
import { hostRegisters } from './registers.rows.ts'
import { stateCells } from './state-cells.ts'

const LM = 0x500
const flat = 0xffff_ffff
const [code64, code32, data, busyTask, unusable] = [0xa09b, 0xc09b, 0xc093, 0x8b, 0x1_0000] as const

/** What an exit makes of a processor whatever the VMCS says. KVM gives every data segment rights, also one with a null selector. */
const fixed = [
  ...(['ES', 'SS', 'DS', 'FS', 'GS'] as const).flatMap((name): FixedField[] => [
    [`${name}.limit`, flat],
    [`${name}.access`, data],
  ]),
  ...(['ES', 'CS', 'SS', 'DS'] as const).map((name): FixedField => [`${name}.base`, 0]),
  ['CS.limit', flat],
  ['TR.limit', 0x67],
  ['TR.access', busyTask],
  ['LDTR.selector', 0],
  ['LDTR.base', 0],
  ['LDTR.limit', 0],
  ['LDTR.access', unusable],
  ['GDTR.limit', 0xffff],
  ['IDTR.limit', 0xffff],
  ['DR7', 0x400],
  ['CPL', 0],
  ['RFLAGS', 2],
  ['VMX', vmxOperation.root],
  ...ofNonRoot,
] as const satisfies readonly FixedField[]

/** What every exit loads of a host without looking at it. */
export const hostLoaded: MovedFields = new MovedFields(hostRegisters, fixed)

/**
 * The registers of a VMCS's host, and VMX root operation. Its page pointers, where it has PAE paging, are for the caller to load, and
 * MSRs. CR0.ET is as the VMCS has it, as with KVM.
 *
 * Source: SDM 3C 28.5 Loading Host State; arch/x86/kvm/vmx/nested.c load_vmcs12_host_state (Linux 6.12).
 */
export function loadHost(vmcs: LiveVmcs12, registers: ProcessorRegisters, bits: FixedBits): void {
  const long = hasExitControl(vmcs, exitBit.HOST_64_BIT)
  const cells = stateCells(registers)
  const efer = cells.IA32_EFER.word
  hostLoaded.load(vmcs, registers)
  loadHostEnforcement(vmcs, registers)
  cells['CS.access'].word = long ? code64 : code32
  if (hasExitControl(vmcs, exitBit.LOAD_EFER)) cells.IA32_EFER.word = vmcs.wordAt(at.HOST_IA32_EFER)
  else cells.IA32_EFER.word = long ? efer | LM : efer & ~LM
  cells.CR0_REQUIRED.word = bits.cr0
  cells.CR4_REQUIRED.word = bits.cr4
}
