import type { ProcessorRegisters } from '@vmm/x86-registers'
import { hasEntryControl, hasExitControl, hasSecondaryControl } from '../vmcs12/control-bits.ts'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import type { VmxMsrs } from '../vmcs12/vmx-limits.ts'
import { loadFields, movedFields, saveFields } from './moved-fields.ts'
import { setNonRoot } from './operation-mode.ts'
import { guestControls, guestPagePointers, guestRegisters } from './registers.rows.ts'

const registersMoved = movedFields(guestRegisters)
const pointersMoved = movedFields(guestPagePointers)
const controlsMoved = movedFields(guestControls)

const rsp = 4
/** CR0.PG, PE; CR4.PAE; EFER.LME and LMA; RFLAGS.VM. */
const [PG, PE, PAE, LM, LMA, VM] = [1n << 31n, 1n, 1n << 5n, 0x500n, 0x400n, 1n << 17n] as const
const ia32eMode = 0x200
/** Bits of DR7 that are fixed. Source: SDM 3C 27.3.2.1. */
const [dr7Zeros, dr7Ones] = [0xd000n, 0x400n] as const

/** Whether the uppermost entries of the page tables are kept in the processor. Source: SDM 3A 4.4.1. */
export function isPaePaging(registers: ProcessorRegisters): boolean {
  return (
    (registers.get('CR0') & PG) !== 0n &&
    (registers.get('CR4') & PAE) !== 0n &&
    (registers.get('IA32_EFER') & LMA) === 0n
  )
}

/** The privilege level follows SS, except where there is none. */
function followStackSegment(registers: ProcessorRegisters): void {
  const isProtected = (registers.get('CR0') & PE) !== 0n
  const isVirtual = isProtected && (registers.rflags() & VM) !== 0n
  registers.set('CPL', isVirtual ? 3n : isProtected ? (registers.get('SS.access') >> 5n) & 3n : 0n)
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
  msrs: VmxMsrs,
  by: 'entry' | 'user space',
): void {
  loadFields(vmcs, registers, registersMoved)
  registers.setGpr(rsp, vmcs.read('GUEST_RSP'))
  registers.setRflags(vmcs.read('GUEST_RFLAGS'))
  registers.set('IA32_EFER', enteredEfer(vmcs, registers.get('IA32_EFER'), by))
  if (by === 'entry' && hasEntryControl(vmcs, 'LOAD_DEBUG'))
    registers.set('DR7', (vmcs.read('GUEST_DR7') & ~dr7Zeros) | dr7Ones)
  loadFields(vmcs, registers, controlsMoved)
  setNonRoot(registers, msrs, vmcs)
  const paged = hasSecondaryControl(vmcs, 'EPT')
  registers.set('EPTP', paged ? vmcs.read('EPT_POINTER') : 0n)
  if (paged && isPaePaging(registers)) loadFields(vmcs, registers, pointersMoved)
  followStackSegment(registers)
}

/** Long mode is what the entry says it is. Source: arch/x86/kvm/vmx/nested.c nested_vmx_calc_efer (Linux 6.12). */
function enteredEfer(vmcs: LiveVmcs12, efer: bigint, by: 'entry' | 'user space'): bigint {
  if (by === 'entry' && hasEntryControl(vmcs, 'LOAD_EFER')) return vmcs.read('GUEST_IA32_EFER')
  return hasEntryControl(vmcs, 'IA32E_MODE') ? efer | LM : efer & ~LM
}

/**
 * What has become of a guest, in its VMCS: registers, and what its exit controls save beside.
 *
 * Source: SDM 3C 28.3 Saving Guest State; arch/x86/kvm/vmx/nested.c sync_vmcs02_to_vmcs12 (Linux 6.12).
 */
export function saveGuest(vmcs: LiveVmcs12, registers: ProcessorRegisters): void {
  saveFields(vmcs, registers, registersMoved)
  vmcs.write('GUEST_RSP', registers.gpr(rsp))
  vmcs.write('GUEST_RFLAGS', registers.rflags())
  const efer = registers.get('IA32_EFER')
  const controls = vmcs.word('VM_ENTRY_CONTROLS')
  vmcs.setWord('VM_ENTRY_CONTROLS', (efer & LMA) === 0n ? controls & ~ia32eMode : controls | ia32eMode)
  if (hasExitControl(vmcs, 'SAVE_EFER')) vmcs.write('GUEST_IA32_EFER', efer)
  if (hasExitControl(vmcs, 'SAVE_DEBUG')) vmcs.write('GUEST_DR7', registers.get('DR7'))
  if (hasSecondaryControl(vmcs, 'EPT') && isPaePaging(registers)) saveFields(vmcs, registers, pointersMoved)
}
