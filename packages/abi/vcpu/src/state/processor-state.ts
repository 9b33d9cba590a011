import type { KvmLapicState, KvmMpState } from '@vmm/kvm-uapi'
import { run } from '@vmm/rule'
import { type KeptPromises, refusalOf } from '../kept-promises.ts'
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
export function setMpState({ events, machine, promises }: StateParts, given: KvmMpState): Refusal | undefined {
  const quiet = { inSmm: false, smiPending: false, initBlocked: false, stored: 0, sipiPending: false } as const
  const outcome = run(promises.setMpState, { given, localApic: machine.localApic !== undefined, ...quiet })
  if (outcome.kind === 'refused') return outcome.refusal
  const state = mpStateNumbered(outcome.state.stored)
  if (state === undefined) return invalid(`nobody here knows state ${outcome.state.stored}`)
  events.stopWaiting()
  events.state.mpState = state
  if (outcome.state.sipiPending) events.state.startup ??= 0
  return undefined
}

/** KVM_GET_LAPIC. */
export function getLapic({ machine, promises }: StateParts): KvmLapicState | Refusal {
  if (machine.localApic === undefined) return withoutApic(promises)
  return { regs: machine.localApic.readRegisters() }
}

/** KVM_SET_LAPIC. */
export function setLapic({ machine, promises }: StateParts, { regs }: KvmLapicState): Refusal | undefined {
  if (machine.localApic === undefined) return withoutApic(promises)
  if (regs.length !== pageBytes) return invalid(`${regs.length} bytes of registers`)
  machine.localApic.writeRegisters(regs)
  return undefined
}

function withoutApic(promises: KeptPromises): Refusal {
  const short = { x2apicMode: false, longIds: false, givenId: 0, x2apicId: 0, storedId: 0 } as const
  return refusalOf(promises.getLapic, { localApic: false, ...short }) ?? invalid('there is no local APIC in the kernel')
}
