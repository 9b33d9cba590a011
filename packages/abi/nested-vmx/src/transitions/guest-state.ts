import type { ProcessorRegisters } from '@vmm/x86-registers'
import {
  entryBit,
  exitBit,
  hasEntryControl,
  hasExitControl,
  hasSecondaryControl,
  secondaryBit,
} from '../vmcs12/control-bits.ts'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { vmcs12Offsets as at } from '../vmcs12/vmcs12.ts'
import { loadGuestEnforcement, saveGuestEnforcement } from './enforcement-state.ts'
import { eptControlsOf } from './ept-controls.ts'
import { MovedFields } from './moved-fields.ts'
import { type FixedBits, setNonRoot } from './operation-mode.ts'
import { guestControls, guestPagePointers, guestRegisters, guestSecondLevel } from './registers.rows.ts'
import { type StateCells, stateCells } from './state-cells.ts'

/** What every exit saves of a guest's registers. */
export const guestSaved: MovedFields = new MovedFields(guestRegisters)
const pointersMoved = new MovedFields(guestPagePointers)
const underEpt = new MovedFields([...guestRegisters, ...guestControls, ...guestSecondLevel])
/** Nobody asks for the controls of EPT. */
const withoutEpt = new MovedFields([...guestRegisters, ...guestControls], [['EPTP', 0]])

/** CR0.PG, PE; CR4.PAE; EFER.LME and LMA; RFLAGS.VM. */
const [PG, PE, PAE, LM, LMA, VM] = [1 << 31, 1, 0x20, 0x500, 0x400, 0x2_0000] as const
const ia32eMode = 0x200
/** Bits of DR7 that are fixed. Source: SDM 3C 27.3.2.1. */
const [dr7Zeros, dr7Ones] = [0xd000, 0x400] as const

/** What an entry loads of registers and controls without looking at it. */
export const guestLoaded = (vmcs: LiveVmcs12): MovedFields =>
  hasSecondaryControl(vmcs, secondaryBit.EPT) ? underEpt : withoutEpt

/** Whether the uppermost entries of the page tables are kept in the processor. Source: SDM 3A 4.4.1. */
export function isPaePaging(registers: ProcessorRegisters): boolean {
  const cells = stateCells(registers)
  return (cells.CR0.word & PG) !== 0 && (cells.CR4.word & PAE) !== 0 && (cells.IA32_EFER.word & LMA) === 0
}

/** The privilege level follows SS, except where there is none. */
function followStackSegment(cells: StateCells): void {
  const isProtected = (cells.CR0.word & PE) !== 0
  const isVirtual = isProtected && (cells.RFLAGS.word & VM) !== 0
  cells.CPL.word = isVirtual ? 3 : isProtected ? (cells['SS.access'].word >> 5) & 3 : 0
}

/**
 * The registers of a VMCS's guest, and VMX non-root operation. Of EFER, DR7 and the like an entry loads what its controls say; when a
 * guest's state is only set, they are there already. CR0.ET is as the VMCS has it, as with KVM. Where the page pointers of PAE paging
 * are not in the VMCS, they are for the caller to load.
 *
 * Source: SDM 3C 27.3.2 Loading Guest State; arch/x86/kvm/vmx/nested.c prepare_vmcs02 (Linux 6.12).
 */
export function loadGuest(
  vmcs: LiveVmcs12,
  registers: ProcessorRegisters,
  fixed: FixedBits,
  by: 'entry' | 'user space',
): void {
  const cells = stateCells(registers)
  const hasEpt = hasSecondaryControl(vmcs, secondaryBit.EPT)
  guestLoaded(vmcs).load(vmcs, registers)
  cells.IA32_EFER.word = enteredEfer(vmcs, cells.IA32_EFER.word, by)
  if (by === 'entry' && hasEntryControl(vmcs, entryBit.LOAD_DEBUG))
    cells.DR7.word = (vmcs.wordAt(at.GUEST_DR7) & ~dr7Zeros) | dr7Ones
  if (by === 'entry') loadGuestEnforcement(vmcs, registers)
  setNonRoot(registers, fixed, vmcs)
  if (hasEpt) cells.EPT_CONTROLS.word = eptControlsOf(vmcs)
  loadGuestPointers(vmcs, registers)
  followStackSegment(cells)
}

/** The page pointers of PAE paging that are in a VMCS: where there is EPT. Source: SDM 3C 27.3.2.4. */
export function loadGuestPointers(vmcs: LiveVmcs12, registers: ProcessorRegisters): void {
  if (hasSecondaryControl(vmcs, secondaryBit.EPT) && isPaePaging(registers)) pointersMoved.load(vmcs, registers)
}

/** Long mode is what the entry says it is. Source: arch/x86/kvm/vmx/nested.c nested_vmx_calc_efer (Linux 6.12). */
function enteredEfer(vmcs: LiveVmcs12, efer: number, by: 'entry' | 'user space'): number {
  if (by === 'entry' && hasEntryControl(vmcs, entryBit.LOAD_EFER)) return vmcs.wordAt(at.GUEST_IA32_EFER)
  return hasEntryControl(vmcs, entryBit.IA32E_MODE) ? efer | LM : efer & ~LM
}

/**
 * What has become of a guest, in its VMCS: registers, and what its exit controls save beside.
 *
 * Source: SDM 3C 28.3 Saving Guest State; arch/x86/kvm/vmx/nested.c sync_vmcs02_to_vmcs12 (Linux 6.12).
 */
export function saveGuest(vmcs: LiveVmcs12, registers: ProcessorRegisters, fixed: FixedBits): void {
  const cells = stateCells(registers)
  guestSaved.save(vmcs, registers)
  saveGuestEnforcement(vmcs, registers, fixed)
  const efer = cells.IA32_EFER.word
  const controls = vmcs.wordAt(at.VM_ENTRY_CONTROLS)
  vmcs.setWordAt(at.VM_ENTRY_CONTROLS, (efer & LMA) === 0 ? controls & ~ia32eMode : controls | ia32eMode)
  if (hasExitControl(vmcs, exitBit.SAVE_EFER)) vmcs.setWord('GUEST_IA32_EFER', efer)
  if (hasExitControl(vmcs, exitBit.SAVE_DEBUG)) vmcs.write('GUEST_DR7', registers.get('DR7'))
  if (hasSecondaryControl(vmcs, secondaryBit.EPT) && isPaePaging(registers)) pointersMoved.save(vmcs, registers)
}
