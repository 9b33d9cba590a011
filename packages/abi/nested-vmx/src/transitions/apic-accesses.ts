import { hasPrimaryControl, hasSecondaryControl, primaryBit, secondaryBit } from '../vmcs12/control-bits.ts'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { virtualApicRegisters as register, virtualizedRegisters } from './apic-registers.rows.ts'

/** An access of L2 to its APIC-access page. */
export interface ApicAccess {
  readonly how: 'read' | 'write' | 'fetch'
  /** Where in the page, and how long. */
  readonly offset: number
  readonly bytes: number
}

/** Access types of exit qualifications: of linear accesses. Source: SDM 3C 28.2.1, Table 28-6. */
const accessTypes = { read: 0, write: 1, fetch: 2, delivery: 3 } as const
const typeAt = 12

/**
 * Whether an access is made to the virtual-APIC page in place of an exit.
 *
 * Source: SDM 3C 30.4.2 Virtualizing Reads from the APIC-Access Page; 30.4.3.1 Determining Whether a Write Access is Virtualized.
 */
export function isApicAccessVirtualized(vmcs: LiveVmcs12, { how, offset, bytes }: ApicAccess): boolean {
  if (how === 'fetch' || !hasPrimaryControl(vmcs, primaryBit.TPR_SHADOW)) return false
  // the low four bytes of each sixteen are a register
  if ((offset & 15) + bytes > 4) return false
  if (hasSecondaryControl(vmcs, secondaryBit.APIC_REGISTERS)) {
    const number = offset >>> 4
    return virtualizedRegisters[how].some(([first, last]) => number >= first && number <= last)
  }
  if (offset === register.VTPR) return true
  const delivers = how === 'write' && hasSecondaryControl(vmcs, secondaryBit.VIRTUAL_INTERRUPTS)
  return delivers && (offset === register.VEOI || offset === register.VICR_LO)
}

/** The exit qualification of an access that is not virtualized. */
export function apicAccessQualification({ how, offset }: ApicAccess, by: 'instruction' | 'delivery'): bigint {
  return BigInt(offset | (accessTypes[by === 'delivery' ? 'delivery' : how] << typeAt))
}

/** Of an interrupt command: everything that must be as in a fixed, edge-triggered interrupt to itself that is not on its way, and how it is there. */
const selfIpi = { looks: 0xffff_b700, is: 1 << 18 } as const
/** Vectors below are illegal. */
const firstVector = 16

/**
 * The vector of an interrupt that a processor sends to itself, by the low half of its virtual interrupt command; undefined for a command of another kind.
 *
 * Source: SDM 3C 30.4.3.2 APIC-Write Emulation.
 */
export function selfIpiVector(command: number): number | undefined {
  const vector = command & 0xff
  return (command & selfIpi.looks) === selfIpi.is && vector >= firstVector ? vector : undefined
}
