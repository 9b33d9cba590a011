import type { KvmLapicState, KvmMpState } from '@vmm/kvm-uapi'
import { refusalOf, run } from '@vmm/rule'
import type { LocalApicPort } from '../machine.ts'
import { mpStateNumbered, mpStates } from '../mp-state.ts'
import { invalid, type Refusal } from '../refusal.ts'
import type { LapicCall } from '../rules/calls.ts'
import type { StateParts } from './parts.ts'

const pageBytes = 1024

/**
 * KVM_GET_MP_STATE. INIT and startup signals that wait take effect first. There is no word for MWAIT: it may end at any time,
 * and elsewhere it has.
 */
export function getMpState({ events }: StateParts): KvmMpState {
  events.acceptSignals()
  const { waitsFor, unhalted, mpState } = events.state
  const goesOn = waitsFor !== undefined || (unhalted && mpState === 'halted')
  return { mp_state: mpStates[goesOn ? 'runnable' : mpState] }
}

/** KVM_SET_MP_STATE. Without a local APIC in the kernel there is only `runnable`; `sipi-received` is a signal that waits. */
export function setMpState({ events, machine, promises }: StateParts, given: KvmMpState): Refusal | undefined {
  const { smm: inSmm, smiPending } = events.state
  const around = { inSmm, smiPending, initBlocked: inSmm, stored: 0, sipiPending: false } as const
  const outcome = run(promises.setMpState, { given, localApic: machine.localApic !== undefined, ...around })
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
  const { localApic } = machine
  const call = lapicCall(localApic, localApic?.ids?.own ?? 0)
  const refusal = refusalOf(promises.getLapic, call)
  if (refusal !== undefined) return refusal
  const regs = localApic?.readRegisters() ?? new Uint8Array(pageBytes)
  if (call.x2apicMode && call.longIds) idIn(regs).setUint32(idAt, call.x2apicId, true)
  return { regs }
}

/** KVM_SET_LAPIC. */
export function setLapic({ machine, promises }: StateParts, { regs }: KvmLapicState): Refusal | undefined {
  if (regs.length !== pageBytes) return invalid(`${regs.length} bytes of registers`)
  const { localApic } = machine
  const outcome = run(promises.setLapic, lapicCall(localApic, idIn(regs).getUint32(idAt, true)))
  if (outcome.kind === 'refused') return outcome.refusal
  const { x2apicMode, storedId } = outcome.state
  localApic?.writeRegisters(regs, x2apicMode ? storedId : undefined)
  return undefined
}

/** Where the ID register is. */
const idAt = 0x20

function idIn(regs: Uint8Array): DataView {
  return new DataView(regs.buffer, regs.byteOffset, regs.byteLength)
}

function lapicCall(localApic: LocalApicPort | undefined, givenId: number): LapicCall {
  const { x2apicMode = false, long: longIds = false, own: x2apicId = 0 } = localApic?.ids ?? {}
  return { localApic: localApic !== undefined, x2apicMode, longIds, givenId, x2apicId, storedId: 0 }
}
