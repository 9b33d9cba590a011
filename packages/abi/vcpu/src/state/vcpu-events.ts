import type { KvmVcpuEvents } from '@vmm/kvm-uapi'
import { run } from '@vmm/rule'
import { exceptions } from '@vmm/x86-registers'
import type { Engine } from '../engine-port.ts'
import type { PutException } from '../event-state.ts'
import { applyPayload } from '../exception-payload.ts'
import type { Refusal } from '../refusal.ts'
import type { SetEventsCall } from '../rules/calls.ts'
import type { StateParts } from './parts.ts'
import { setShadow, shadowOf } from './shadow.ts'

/** Which fields of `kvm_vcpu_events` count: KVM_VCPUEVENT_VALID_*. */
export const validEvents = {
  nmiPending: 0x01,
  sipiVector: 0x02,
  shadow: 0x04,
  smm: 0x08,
  payload: 0x10,
  tripleFault: 0x20,
} as const

/** Capabilities that change how events travel: KVM_CAP_EXCEPTION_PAYLOAD and KVM_CAP_X86_TRIPLE_FAULT_EVENT. */
export interface EventCapabilities {
  readonly exceptionPayload: boolean
  readonly tripleFault: boolean
}

/** KVM_GET_VCPU_EVENTS. Without the payload capability what is raised is told as injected, too, and its payload takes effect. */
export function getVcpuEvents(parts: StateParts, capabilities: EventCapabilities): KvmVcpuEvents {
  const { engine, events, promises, guest } = parts
  const { state } = events
  if (!capabilities.exceptionPayload) state.exception = withoutPayload(engine, state.exception)
  const { interrupt, exception } = state
  const { told: nmis } = run(promises.getVcpuEvents, { nmis: state.nmiPending, told: 0 }).state
  const shadow = shadowOf(engine, guest.host)
  return {
    exception: toldException(exception, capabilities),
    interrupt: { injected: asByte(interrupt !== undefined), nr: interrupt ?? 0, soft: 0, shadow },
    nmi: {
      injected: asByte(state.nmiInjected),
      pending: nmis,
      masked: asByte(events.nmiBlocked),
    },
    sipi_vector: 0,
    flags:
      validEvents.nmiPending |
      validEvents.shadow |
      validEvents.smm |
      (capabilities.exceptionPayload ? validEvents.payload : 0) |
      (capabilities.tripleFault ? validEvents.tripleFault : 0),
    smi: {
      smm: asByte(state.smm),
      pending: asByte(state.smiPending),
      smm_inside_nmi: asByte(state.smmInsideNmi),
      latched_init: asByte(state.initPending),
    },
    triple_fault: { pending: asByte(capabilities.tripleFault && state.tripleFault) },
    exception_has_payload: asByte(exception.payload !== undefined),
    exception_payload: exception.payload ?? 0n,
  }
}

function toldException(exception: PutException, capabilities: EventCapabilities): KvmVcpuEvents['exception'] {
  const { vector, errorCode } = exception
  // what software raised is not told: its instruction will raise it again
  const stage = isSoft(vector) ? 'none' : exception.stage
  const injected = stage === 'delivered' || (stage === 'raised' && !capabilities.exceptionPayload)
  const error = { has_error_code: asByte(errorCode !== undefined), error_code: errorCode ?? 0 }
  return { injected: asByte(injected), nr: vector, pending: asByte(stage === 'raised'), ...error }
}

function withoutPayload(engine: Engine, exception: PutException): PutException {
  if (exception.stage !== 'raised') return exception
  applyPayload(engine, exception)
  return { ...exception, payload: undefined }
}

/**
 * KVM_SET_VCPU_EVENTS. A call that is refused late has set what comes before.
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
    applySmm(parts, taken.smi)
    if (parts.machine.localApic !== undefined) parts.events.state.initPending = taken.smi.latched_init !== 0
  }
  if ((taken.flags & validEvents.tripleFault) !== 0) parts.events.state.tripleFault = taken.triple_fault.pending !== 0
  return undefined
}

function callOf({ events, guest }: StateParts, given: KvmVcpuEvents, capabilities: EventCapabilities): SetEventsCall {
  const { exceptionPayload: payloadEnabled, tripleFault: tripleFaultEnabled } = capabilities
  const waitsForSipi = events.state.mpState === 'init-received'
  return { given, payloadEnabled, tripleFaultEnabled, hasSmm: guest.smm, waitsForSipi, applied: 'nothing' }
}

/** User space says whether the processor is in SMM: its registers are as they are. */
function applySmm({ events, engine }: StateParts, { smm, pending, smm_inside_nmi }: KvmVcpuEvents['smi']): void {
  const { state } = events
  state.smm = smm !== 0
  engine.addressSpace = state.smm ? 'smm' : 'ordinary'
  state.smiPending = pending !== 0
  state.smmInsideNmi = state.smm && smm_inside_nmi !== 0
}

function applyException({ events }: StateParts, { exception, ...given }: KvmVcpuEvents): void {
  const errorCode = exception.has_error_code === 0 ? undefined : exception.error_code
  const stage = exception.pending !== 0 ? 'raised' : exception.injected !== 0 ? 'delivered' : 'none'
  const payload = given.exception_has_payload === 0 ? undefined : given.exception_payload
  events.state.exception = { vector: exception.nr, errorCode, stage, payload }
}

function applyInterrupts({ events, engine, machine, guest }: StateParts, given: KvmVcpuEvents): void {
  const { flags, interrupt, nmi } = given
  events.state.interrupt = interrupt.injected === 0 ? undefined : interrupt.nr
  if ((flags & validEvents.shadow) !== 0) setShadow(engine, interrupt.shadow, guest.host)
  events.state.nmiInjected = nmi.injected !== 0
  if ((flags & validEvents.nmiPending) !== 0) events.state.nmiPending = Math.min(nmi.pending, 2)
  events.nmiBlocked = nmi.masked !== 0
  if (machine.localApic === undefined) return
  if ((flags & validEvents.sipiVector) !== 0 && events.state.startup !== undefined)
    events.state.startup = given.sipi_vector & 0xff
}

const isSoft = (vector: number): boolean => vector === exceptions.BP.vector || vector === exceptions.OF.vector

const asByte = (value: boolean): 0 | 1 => (value ? 1 : 0)
