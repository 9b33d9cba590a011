import type { KvmLapicState, KvmMpState } from '@vmm/kvm-uapi'
import { mpStateNumbered, mpStates } from '../mp-state.ts'
import { invalid, type Refusal } from '../refusal.ts'
import type { StateParts } from './parts.ts'

const pageBytes = 1024

/**
 * KVM_GET_MP_STATE. INIT and startup signals that wait take effect first. There is no word for MWAIT: it may end at any time,
 * and elsewhere it has.
 */
export function getMpState({ events }: StateParts): KvmMpState {
  events.acceptSignals()
  return { mp_state: mpStates[events.state.mwait === undefined ? events.state.mpState : 'runnable'] }
}

/** KVM_SET_MP_STATE. Without a local APIC in the kernel there is only `runnable`; `sipi-received` is a signal that waits. */
export function setMpState({ events, machine }: StateParts, { mp_state }: KvmMpState): Refusal | undefined {
  const state = mpStateNumbered(mp_state)
  if (state === undefined) return invalid(`no processor of this kind has state ${mp_state}`)
  if (state !== 'runnable' && machine.localApic === undefined) return invalid('there is no local APIC in the kernel')
  events.stopWaiting()
  events.state.mpState = state === 'sipi-received' ? 'init-received' : state
  if (state === 'sipi-received') events.state.startup ??= 0
  return undefined
}

/** KVM_GET_LAPIC. */
export function getLapic({ machine }: StateParts): KvmLapicState | Refusal {
  if (machine.localApic === undefined) return invalid('there is no local APIC in the kernel')
  return { regs: machine.localApic.readRegisters() }
}

/** KVM_SET_LAPIC. */
export function setLapic({ machine }: StateParts, { regs }: KvmLapicState): Refusal | undefined {
  if (machine.localApic === undefined) return invalid('there is no local APIC in the kernel')
  if (regs.length !== pageBytes) return invalid(`${regs.length} bytes of registers`)
  machine.localApic.writeRegisters(regs)
  return undefined
}
