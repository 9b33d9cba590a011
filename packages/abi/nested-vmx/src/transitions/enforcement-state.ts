import type { ProcessorRegisters, StateMemory, StateMove } from '@vmm/x86-registers'
import { entryBit, exitBit, hasEntryControl, hasExitControl } from '../vmcs12/control-bits.ts'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { MovedFields } from './moved-fields.ts'
import type { FixedBits } from './operation-mode.ts'
import { guestEnforcement, hostEnforcement } from './registers.rows.ts'

const guest = new MovedFields(guestEnforcement)
const host = new MovedFields(hostEnforcement)

/** An entry: without its control the guest has the state of CET that its hypervisor had. */
export function loadGuestEnforcement(vmcs: LiveVmcs12, registers: ProcessorRegisters): void {
  if (hasEntryControl(vmcs, entryBit.LOAD_CET)) guest.load(vmcs, registers)
}

/** An exit: a processor without CET saves nothing. */
export function saveGuestEnforcement(vmcs: LiveVmcs12, registers: ProcessorRegisters, { cet }: FixedBits): void {
  if (cet) guest.save(vmcs, registers)
}

/** The same exit: without its control the hypervisor has the state of CET that the guest had. */
export function loadHostEnforcement(vmcs: LiveVmcs12, registers: ProcessorRegisters): void {
  if (hasExitControl(vmcs, exitBit.LOAD_CET)) host.load(vmcs, registers)
}

const none: readonly StateMove[] = []

/** What an entry moves of it where a VMCS is beside the state. */
export const enforcementLoaded = (vmcs: LiveVmcs12, memory: StateMemory): readonly StateMove[] =>
  hasEntryControl(vmcs, entryBit.LOAD_CET) ? guest.loads(memory) : none

/** The same of an exit: first what it saves. */
export const enforcementLeft = (vmcs: LiveVmcs12, memory: StateMemory, { cet }: FixedBits): readonly StateMove[] => [
  ...(cet ? guest.saves(memory) : none),
  ...(hasExitControl(vmcs, exitBit.LOAD_CET) ? host.loads(memory) : none),
]
