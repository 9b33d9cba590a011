import { gprIndex, type ProcessorRegisters } from '@vmm/x86-registers'
import { exitNumbers as reasons } from '../exits/exit-reason.ts'
import { exitRouteOf } from '../exits/exit-route.ts'
import {
  hasPinControl,
  hasPrimaryControl,
  hasSecondaryControl,
  pinBit,
  primaryBit,
  secondaryBit,
} from '../vmcs12/control-bits.ts'
import type { secondaryControls } from '../vmcs12/controls.ts'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import type { Vmcs12Field } from '../vmcs12/vmcs12.ts'
import { exceptionExits } from './exception-exits.ts'
import { isTooLong, type PauseLoop } from './pause-loop.ts'
import { bytesAt, type VmxMemory } from './processor.ts'

/** What decides whether an instruction of L2 exits. */
export interface L2Instruction {
  readonly vmcs: LiveVmcs12
  readonly registers: ProcessorRegisters
  readonly memory: VmxMemory
  /** A basic exit reason. */
  readonly reason: number
  /** As the exit would have it; where the reason is an exception, its vector; where it is VMREAD or VMWRITE, the field's encoding. */
  readonly qualification: bigint
  /** Where it is PAUSE, and loops of it may exit: its loop. */
  readonly loop?: PauseLoop | undefined
}

/** What enables an instruction that is #UD in non-root operation without. Source: SDM 3C 26.3. */
const enabledBy = new Map<number, keyof typeof secondaryControls>([
  [reasons.RDTSCP, 'RDTSCP'],
  [reasons.INVPCID, 'INVPCID'],
  [reasons.XSAVES, 'XSAVES'],
  [reasons.XRSTORS, 'XSAVES'],
])

/** Whether a control enables the instruction of a basic exit reason; those without such a control are there. */
export function instructionEnabled(vmcs: LiveVmcs12, reason: number): boolean {
  const control = enabledBy.get(reason)
  return control === undefined || hasSecondaryControl(vmcs, secondaryBit[control])
}

/**
 * Whether an instruction of L2 that may exit does, by the controls of its VMCS. One that no control is about always does.
 *
 * Source: `exitRoutes`.
 */
export function instructionExits(of: L2Instruction): boolean {
  const { vmcs, reason } = of
  const route = exitRouteOf(reason)
  if (route === undefined || route.l1Wants === 'always') return true
  if (route.l1Wants === 'by fields') return fieldsWant(of)
  if ('pin' in route) return hasPinControl(vmcs, pinBit[route.pin])
  return 'primary' in route
    ? hasPrimaryControl(vmcs, primaryBit[route.primary])
    : hasSecondaryControl(vmcs, secondaryBit[route.secondary])
}

function fieldsWant(of: L2Instruction): boolean {
  const { vmcs, reason } = of
  switch (reason) {
    case reasons.EXCEPTION_NMI:
      return exceptionExits(vmcs, Number(of.qualification), undefined)
    case reasons.CR_ACCESS:
      return controlAccessExits(of)
    case reasons.IO_INSTRUCTION:
      return portExits(of)
    case reasons.MSR_READ:
    case reasons.MSR_WRITE:
      return msrExits(of)
    case reasons.PAUSE_INSTRUCTION:
      return hasPrimaryControl(vmcs, primaryBit.PAUSE_EXITING) || (of.loop !== undefined && isTooLong(of.loop, vmcs))
    case reasons.VMREAD:
      return fieldExits(of, 'VMREAD_BITMAP')
    case reasons.VMWRITE:
      return fieldExits(of, 'VMWRITE_BITMAP')
    case reasons.XSAVES:
    case reasons.XRSTORS:
      return stateComponentsExit(of)
    case reasons.MONITOR_TRAP_FLAG:
      return (
        hasPrimaryControl(vmcs, primaryBit.MONITOR_TRAP_FLAG) ||
        vmcs.word('VM_ENTRY_INTR_INFO_FIELD') >>> 0 === injectedTrap
      )
    case reasons.ENCLS:
      return enclaveLeafExits(of)
    case reasons.UMWAIT:
    case reasons.TPAUSE:
      return (
        hasSecondaryControl(vmcs, secondaryBit.USER_WAIT_PAUSE) && hasPrimaryControl(vmcs, primaryBit.RDTSC_EXITING)
      )
    default:
      return true
  }
}

/** An entry that injects "other event" 0 is followed by a monitor trap. Source: SDM 3C 27.6.2. */
const injectedTrap = 0x8000_0700

const [CR3, CR8] = [3, 8]

/** Of CR0 and CR4 the processor asks only about what is L1's. Source: SDM 3C 28.2.1, Table 28-3. */
function controlAccessExits({ vmcs, qualification }: L2Instruction): boolean {
  const number = Number(qualification & 15n)
  const reads = (qualification & 0x30n) === 0x10n
  if (number === CR8) return hasPrimaryControl(vmcs, reads ? primaryBit.CR8_STORE_EXITING : primaryBit.CR8_LOAD_EXITING)
  if (number !== CR3) return true
  if (reads) return hasPrimaryControl(vmcs, primaryBit.CR3_STORE_EXITING)
  // KVM offers no CR3-target values, and lets no count of them pass
  return hasPrimaryControl(vmcs, primaryBit.CR3_LOAD_EXITING)
}

/** Source: SDM 3C 25.6.4 I/O-Bitmap Addresses. */
function portExits({ vmcs, memory, qualification }: L2Instruction): boolean {
  if (!hasPrimaryControl(vmcs, primaryBit.USE_IO_BITMAPS))
    return hasPrimaryControl(vmcs, primaryBit.UNCONDITIONAL_IO_EXITING)
  const first = Number((qualification >> 16n) & 0xffffn)
  const size = Number(qualification & 7n) + 1
  for (let port = first; port < first + size; port += 1) {
    if (port > 0xffff) return true
    const bitmap: Vmcs12Field = port < 0x8000 ? 'IO_BITMAP_A' : 'IO_BITMAP_B'
    if (isBitSet(memory, vmcs.read(bitmap), port & 0x7fff)) return true
  }
  return false
}

const highMsrs = 0xc000_0000
const mapped = 0x2000
/** Bits into the page: low MSRs and high ones to be read, and then to be written. */
const bitmaps = { high: 0x2000, write: 0x4000 } as const

/** Source: SDM 3C 25.6.9 MSR-Bitmap Address. */
function msrExits({ vmcs, memory, registers, reason }: L2Instruction): boolean {
  if (!hasPrimaryControl(vmcs, primaryBit.USE_MSR_BITMAPS)) return true
  const index = Number(registers.gpr(gprIndex('RCX')) & 0xffff_ffffn)
  const isHigh = index >= highMsrs
  const bit = isHigh ? index - highMsrs : index
  if (bit >= mapped) return true
  const part = (isHigh ? bitmaps.high : 0) + (reason === reasons.MSR_WRITE ? bitmaps.write : 0)
  return isBitSet(memory, vmcs.read('MSR_BITMAP'), part + bit)
}

const shadowedFields = 15n

/** Source: SDM 3C 25.6.15 VMCS Shadowing Bitmap Addresses; 31.3, VMREAD, VMWRITE. */
function fieldExits({ vmcs, memory, qualification }: L2Instruction, bitmap: Vmcs12Field): boolean {
  if (!hasSecondaryControl(vmcs, secondaryBit.VMCS_SHADOWING) || qualification >> shadowedFields !== 0n) return true
  return isBitSet(memory, vmcs.read(bitmap), Number(qualification))
}

/** A bitmap without memory has all bits set. */
function isBitSet(memory: VmxMemory, bitmap: bigint, bit: number): boolean {
  const byte = bytesAt(memory, bitmap + BigInt(bit >>> 3), 1)?.[0] ?? 0xff
  return (byte & (1 << (bit & 7))) !== 0
}

/** Source: SDM 3C 26.1.3, XSAVES. */
function stateComponentsExit({ vmcs, registers }: L2Instruction): boolean {
  const low = registers.gpr(gprIndex('RAX')) & 0xffff_ffffn
  const asked = low | ((registers.gpr(gprIndex('RDX')) & 0xffff_ffffn) << 32n)
  return (asked & registers.get('IA32_XSS') & vmcs.read('XSS_EXIT_BITMAP')) !== 0n
}

/** Leaves past the last bit but one have the last. */
const lastLeaf = 63n

/** Source: SDM 3C 25.6.16 ENCLS-Exiting Bitmap. */
function enclaveLeafExits({ vmcs, registers }: L2Instruction): boolean {
  if (!hasSecondaryControl(vmcs, secondaryBit.ENCLS_EXITING)) return false
  const leaf = registers.gpr(gprIndex('RAX')) & 0xffff_ffffn
  return ((vmcs.read('ENCLS_EXITING_BITMAP') >> (leaf < lastLeaf ? leaf : lastLeaf)) & 1n) !== 0n
}
