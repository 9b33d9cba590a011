import type { KvmVcpuEvents } from '@vmm/kvm-uapi'
import { run } from '@vmm/rule'
import { dr6Fixed, exceptions } from '@vmm/x86-registers'
import { invalid, type Refusal } from '../refusal.ts'
import type { SetEventsCall } from '../rules/calls.ts'
import type { StateParts } from './parts.ts'

/** Which fields of `kvm_vcpu_events` count: KVM_VCPUEVENT_VALID_*. */
export const validEvents = {
  nmiPending: 0x01,
  sipiVector: 0x02,
  shadow: 0x04,
  smm: 0x08,
  payload: 0x10,
  tripleFault: 0x20,
} as const

/** Interrupt shadows by KVM_X86_SHADOW_INT_*. */
const shadowOf = { movSs: 1, sti: 2 } as const

/** Capabilities that change how events travel: KVM_CAP_EXCEPTION_PAYLOAD and KVM_CAP_X86_TRIPLE_FAULT_EVENT. */
export interface EventCapabilities {
  readonly exceptionPayload: boolean
  readonly tripleFault: boolean
}

/** KVM_GET_VCPU_EVENTS. Without the payload capability, what is pending is told as injected. */
export function getVcpuEvents({ engine, events }: StateParts, capabilities: EventCapabilities): KvmVcpuEvents {
  const { state } = events
  const { interrupt } = state
  // what software raised is not told: its instruction will raise it again
  const exception = state.exception !== undefined && isSoft(state.exception.vector) ? undefined : state.exception
  const shadow = engine.shadowed ? (engine.get('SHADOW_KIND') === 0n ? shadowOf.sti : shadowOf.movSs) : 0
  return {
    exception: {
      injected: asByte(exception !== undefined),
      nr: exception?.vector ?? 0,
      has_error_code: asByte(exception?.errorCode !== undefined),
      pending: 0,
      error_code: exception?.errorCode ?? 0,
    },
    interrupt: { injected: asByte(interrupt !== undefined), nr: interrupt ?? 0, soft: 0, shadow },
    nmi: {
      injected: asByte(state.nmiInjected),
      pending: asByte(state.nmiPending > 0),
      masked: asByte(events.nmiBlocked),
    },
    sipi_vector: 0,
    flags:
      validEvents.nmiPending |
      validEvents.shadow |
      validEvents.smm |
      (capabilities.exceptionPayload ? validEvents.payload : 0) |
      (capabilities.tripleFault ? validEvents.tripleFault : 0),
    smi: { smm: 0, pending: 0, smm_inside_nmi: 0, latched_init: asByte(state.initPending) },
    triple_fault: { pending: asByte(capabilities.tripleFault && state.tripleFault) },
    exception_has_payload: 0,
    exception_payload: 0n,
  }
}

/**
 * KVM_SET_VCPU_EVENTS. A call that is refused late has set what comes before. System management mode is refused: there
 * is none.
 */
export function setVcpuEvents(
  parts: StateParts,
  given: KvmVcpuEvents,
  capabilities: EventCapabilities,
): Refusal | undefined {
  const outcome = run(parts.promises.setVcpuEvents, callOf(parts, given, capabilities))
  const taken = { ...given, ...outcome.state.given }
  if (outcome.state.applied !== 'nothing') {
    applyException(parts, taken)
    applyInterrupts(parts, taken)
  }
  if (outcome.kind === 'refused') return outcome.refusal
  if ((taken.flags & validEvents.smm) !== 0) {
    if (taken.smi.smm !== 0 || taken.smi.pending !== 0) return invalid('this processor has no system management mode')
    if (parts.machine.localApic !== undefined) parts.events.state.initPending = taken.smi.latched_init !== 0
  }
  if ((taken.flags & validEvents.tripleFault) !== 0) parts.events.state.tripleFault = taken.triple_fault.pending !== 0
  return undefined
}

function callOf({ events }: StateParts, given: KvmVcpuEvents, capabilities: EventCapabilities): SetEventsCall {
  const { exceptionPayload: payloadEnabled, tripleFault: tripleFaultEnabled } = capabilities
  const waitsForSipi = events.state.mpState === 'init-received'
  return { given, payloadEnabled, tripleFaultEnabled, hasSmm: false, waitsForSipi, applied: 'nothing' }
}

function applyException({ events, engine }: StateParts, { flags, exception, ...given }: KvmVcpuEvents): void {
  const waits = (flags & validEvents.payload) !== 0 && exception.pending !== 0
  const comes = waits || exception.injected !== 0
  const errorCode = exception.has_error_code === 0 ? undefined : exception.error_code
  events.state.exception = comes ? { vector: exception.nr, errorCode } : undefined
  if (!waits || given.exception_has_payload === 0) return
  const payload = given.exception_payload
  if (exception.nr === exceptions.PF.vector) engine.set('CR2', payload)
  if (exception.nr === exceptions.DB.vector) engine.set('DR6', payloadOfDr6(engine.get('DR6'), payload))
}

/** Bits of DR6 that are zero for a cause come as ones in a payload. Source: arch/x86/kvm/x86.c kvm_deliver_exception_payload. */
const payloadOfDr6 = (dr6: bigint, payload: bigint): bigint =>
  ((dr6 & ~0xfn) | dr6Fixed | payload) ^ (payload & dr6Fixed)

function applyInterrupts({ events, engine, machine }: StateParts, given: KvmVcpuEvents): void {
  const { flags, interrupt, nmi } = given
  events.state.interrupt = interrupt.injected === 0 ? undefined : interrupt.nr
  if ((flags & validEvents.shadow) !== 0) setShadow(engine, interrupt.shadow)
  events.state.nmiInjected = nmi.injected !== 0
  if ((flags & validEvents.nmiPending) !== 0) events.state.nmiPending = Math.min(nmi.pending, 2)
  events.nmiBlocked = nmi.masked !== 0
  if (machine.localApic === undefined) return
  if ((flags & validEvents.sipiVector) !== 0 && events.state.startup !== undefined)
    events.state.startup = given.sipi_vector & 0xff
}

function setShadow(engine: StateParts['engine'], shadow: number): void {
  const casts = (shadow & (shadowOf.movSs | shadowOf.sti)) !== 0
  engine.set('SHADOW', casts ? BigInt(engine.retired()) : (1n << 64n) - 1n)
  engine.set('SHADOW_KIND', (shadow & shadowOf.movSs) === 0 ? 0n : 1n)
}

const isSoft = (vector: number): boolean => vector === exceptions.BP.vector || vector === exceptions.OF.vector

const asByte = (value: boolean): 0 | 1 => (value ? 1 : 0)
