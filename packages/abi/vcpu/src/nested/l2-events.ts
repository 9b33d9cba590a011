import {
  vmcs12Offsets as at,
  eventValid,
  exceptionExits,
  exitBit,
  exitNumbers,
  hasExitControl,
  injectedEvent,
} from '@vmm/nested-vmx'
import { exceptions } from '@vmm/x86-registers'
import type { Engine } from '../engine-port.ts'
import type { EventState } from '../event-state.ts'
import type { VcpuExit } from '../exit.ts'
import type { VcpuMachine } from '../machine.ts'
import type { L2Exit } from './l2-exit.ts'
import type { VmxOperation } from './vmx-operation.ts'

/** What happens to a vCPU while L2 is active. */
export interface AroundL2 {
  readonly vmx: VmxOperation
  readonly engine: Engine
  readonly machine: VcpuMachine
  readonly state: EventState
}

/**
 * What L2 is entered with goes in first; then whatever is L1's leaves L2, the most urgent alone. What is L2's own is for the caller.
 *
 * Source: arch/x86/kvm/vmx/nested.c vmx_check_nested_events (Linux 6.12); SDM 3C 26.2, 27.7.
 */
export function takeAroundL2(around: AroundL2): VcpuExit | undefined {
  const { vmx } = around
  const aborted = inject(around)
  if (aborted !== undefined || !vmx.inL2) return aborted
  const exit =
    behindWrite(around) ?? signalled(around) ?? (around.state.mpState === 'init-received' ? undefined : due(around))
  return exit === undefined ? undefined : vmx.leave(exit)
}

/** Whether something that is L1's waits, so that a halted L2 does not go on waiting. */
export function leavesL2({ vmx, engine, machine, state }: AroundL2): boolean {
  const { initPending, startup, tripleFault, nmiPending, mpState } = state
  if (vmx.state.runPending || tripleFault || vmx.state.mtfPending) return true
  if (mpState === 'init-received') return startup !== undefined
  if (initPending || vmx.timer.isOver || (nmiPending > 0 && vmx.nmisExit)) return true
  if (vmx.wantsInterruptWindow && engine.interruptible) return true
  if (vmx.apic.due !== undefined || vmx.apic.interrupts.isDue) return true
  return vmx.interruptsExit && machine.interruptPending()
}

/** Whether anything is to be taken before the next instruction of L2: what it is entered with, or what leaves it. */
export function waitsInL2(vmx: VmxOperation): boolean {
  if (!vmx.inL2) return false
  const { state, apic } = vmx
  if (state.runPending && (state.vmcs.wordAt(at.VM_ENTRY_INTR_INFO_FIELD) & eventValid) !== 0) return true
  if (vmx.leavesBehind || apic.interrupts.isRecognized || vmx.isTimed) return true
  return vmx.wantsInterruptWindow || vmx.wantsNmiWindow
}

/** Source: SDM 3C 27.6 Event Injection. */
function inject({ vmx, state }: AroundL2): VcpuExit | undefined {
  if (!vmx.state.runPending) return undefined
  const { vmcs } = vmx.state
  vmx.state.runPending = false
  const event = injectedEvent(vmcs.wordAt(at.VM_ENTRY_INTR_INFO_FIELD), vmcs.wordAt(at.VM_ENTRY_EXCEPTION_ERROR_CODE))
  if (event === undefined) return undefined
  if (event.type === 'other event') {
    vmx.state.mtfPending = true
    return undefined
  }
  state.mpState = 'runnable'
  if (event.type === 'NMI') vmx.engine.set('NMI_BLOCKED', 1n)
  return vmx.delivery.inject(event, vmcs.wordAt(at.VM_ENTRY_INSTRUCTION_LEN))
}

/** The exit that follows from a write to the virtual APIC, alone. */
export function leaveBehindWrite(around: AroundL2): VcpuExit | undefined {
  const exit = behindWrite(around)
  return exit === undefined ? undefined : around.vmx.leave(exit)
}

/** What follows from a write to the virtual APIC comes before anything else. Source: SDM 3C 30.4.3.3. */
function behindWrite({ vmx, state }: AroundL2): L2Exit | undefined {
  return state.exception.stage !== 'none' || state.nmiInjected ? undefined : vmx.apic.take()
}

/** INIT, a startup signal, and what user space has put in. */
function signalled({ vmx, state }: AroundL2): L2Exit | undefined {
  if (state.tripleFault) {
    state.tripleFault = false
    return { reason: exitNumbers.TRIPLE_FAULT }
  }
  if (state.initPending) {
    state.initPending = false
    vmx.state.mtfPending = false
    if (state.mpState !== 'init-received') return { reason: exitNumbers.INIT_SIGNAL }
  }
  const { startup, exception } = state
  state.startup = undefined
  if (startup !== undefined && state.mpState === 'init-received')
    return { reason: exitNumbers.SIPI_SIGNAL, qualification: BigInt(startup) }
  const { vector, errorCode, stage, payload = 0n } = exception
  if (stage !== 'raised' || !exceptionExits(vmx.state.vmcs, vector, errorCode)) return undefined
  state.exception = { ...exception, stage: 'none', payload: undefined }
  return {
    ...{ reason: exitNumbers.EXCEPTION_NMI, qualification: payload },
    event: { type: 'hardware exception', vector, errorCode },
  }
}

/** What comes between two instructions of L2. An event whose delivery user space has begun is delivered first. */
function due(around: AroundL2): L2Exit | undefined {
  const { vmx, engine, machine, state } = around
  if (state.exception.stage !== 'none' || state.nmiInjected) return undefined
  // an SMI is first: what it interrupts is due behind RSM
  if (state.smiPending && !state.smm) return undefined
  if (vmx.state.mtfPending) return { reason: exitNumbers.MONITOR_TRAP_FLAG }
  if (vmx.timer.isOver) return { reason: exitNumbers.PREEMPTION_TIMER }
  return nonMaskable(around) ?? maskable(vmx, engine, machine)
}

function nonMaskable({ vmx, engine, state }: AroundL2): L2Exit | undefined {
  const isOpen = engine.word('NMI_BLOCKED') === 0 && !engine.shadowed
  if (vmx.wantsNmiWindow && isOpen) return { reason: exitNumbers.NMI_WINDOW }
  if (state.nmiPending === 0 || !vmx.nmisExit) return undefined
  state.nmiPending = 0
  const event = { type: 'NMI', vector: exceptions.NMI.vector, errorCode: undefined } as const
  return { reason: exitNumbers.EXCEPTION_NMI, event }
}

/** A notification that never ends keeps nobody here: L2 goes on by one instruction. */
const mostPosted = 16

/** Interrupts that only tell of posted ones are no exits. Source: SDM 3C 30.6 Posted-Interrupt Processing. */
function maskable(vmx: VmxOperation, engine: Engine, machine: VcpuMachine): L2Exit | undefined {
  if (vmx.wantsInterruptWindow && engine.interruptible) return { reason: exitNumbers.INTERRUPT_WINDOW }
  if (!vmx.interruptsExit || vmx.apic.interrupts.isDue) return undefined
  for (let left = mostPosted; left > 0 && machine.interruptPending(); left -= 1) {
    if (!hasExitControl(vmx.state.vmcs, exitBit.ACKNOWLEDGE_INTERRUPT))
      return { reason: exitNumbers.EXTERNAL_INTERRUPT }
    const vector = machine.acknowledge()
    if (!vmx.apic.interrupts.isNotifiedBy(vector)) return interruptedBy(vector)
    machine.localApic?.endOfInterrupt?.()
    vmx.apic.interrupts.takePosted()
  }
  return undefined
}

const interruptedBy = (vector: number): L2Exit => ({
  ...{ reason: exitNumbers.EXTERNAL_INTERRUPT, event: { type: 'external interrupt', vector, errorCode: undefined } },
})
