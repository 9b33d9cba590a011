import { emptyNestedState, type NestedState, noAddress } from '../nested-state.ts'
import type { LiveField, LivePlace } from '../vmcs12/live-places.ts'
import { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import { vmcsRegionBytes } from '../vmcs12/vmcs12.ts'
import { vmcs12Head } from '../vmcs12/vmcs12-fields.rows.ts'
import { directMarks } from './direct-fields.ts'
import { PassedFacts } from './passed-facts.ts'
import type { PauseLoop } from './pause-loop.ts'
import { preemptionTimerRate } from './preemption-timer-rate.ts'
import { bytesAt, type VmxMemory } from './processor.ts'

/**
 * How far the guest of a running vCPU is a hypervisor: what `NestedState` tells, with the current VMCS at hand. As KVM does, the
 * VMCS is kept apart from guest memory, and goes there when it is current no longer.
 */
export class VmxState {
  readonly vmcs: LiveVmcs12 = new LiveVmcs12()
  vmxon = false
  vmxonAddress: bigint = noAddress
  /** Where the current VMCS is; `noAddress` for none. */
  current: bigint = noAddress
  /** L2 runs. */
  guestMode = false
  /** What `vmxon` and `guestMode` were when SMM was entered, in which both are false, and will be behind RSM. */
  smmVmxon = false
  smmGuestMode = false
  /** L2 has been entered and has not executed anything. */
  runPending = false
  /** A monitor-trap exit is due. */
  mtfPending = false
  /** When the VMX-preemption timer runs out, by the time-stamp counter of L1. */
  deadline: bigint | undefined
  /** The loop of PAUSE that L2 is in, or was. */
  pauseLoop: PauseLoop | undefined
  /** The groups of checks that the current VMCS has not passed since it was written to, as `CompiledEntryChecks` has them. */
  unchecked = ~0
  /** Whether it has passed what KVM checks of controls and host state. */
  passedByKvm = false
  /** Whether VMRESUME of the current VMCS, where MOV SS is not the instruction before, passes the steps that look at no fields. */
  resumable = false
  /** What KVM looked at of guest state that passed, while nobody has written to it. */
  guestPassed: ReadonlySet<LiveField> | undefined
  /** What was around the current VMCS when all of its checks passed. */
  readonly passedFacts: PassedFacts = new PassedFacts()
  #beside: NestedState = emptyNestedState('vmx')

  get hasCurrent(): boolean {
    return this.current !== noAddress
  }

  /** The same as a value. */
  told(): NestedState {
    const { vmxon, vmxonAddress, current: vmcs12Address, guestMode, runPending, mtfPending, deadline } = this
    const { smmVmxon, smmGuestMode } = this
    return {
      ...this.#beside,
      ...{ vmxon, vmxonAddress, vmcs12Address, guestMode, runPending, mtfPending, smmVmxon, smmGuestMode },
      preemptionDeadline: deadline === undefined ? undefined : deadline >> preemptionTimerRate,
      vmcs12: this.vmcs.bytes.slice(),
    }
  }

  /** Becomes what a value says; registers are for the caller. */
  become(state: NestedState): void {
    const { vmxon, vmxonAddress, vmcs12Address, guestMode, runPending, mtfPending, vmcs12, preemptionDeadline } = state
    const { smmVmxon, smmGuestMode } = state
    Object.assign(this, { vmxon, vmxonAddress, guestMode, runPending, mtfPending, smmVmxon, smmGuestMode })
    this.pauseLoop = undefined
    this.current = vmcs12Address
    const isTimed = guestMode && preemptionDeadline !== undefined
    this.deadline = isTimed ? preemptionDeadline << preemptionTimerRate : undefined
    this.vmcs.load(vmcs12)
    this.forgetChecks()
    this.#beside = state
  }

  /** VMXON: without a current VMCS. */
  begin(region: bigint): void {
    this.vmxon = true
    this.vmxonAddress = region
    this.current = noAddress
  }

  /** An SMI: VMX operation is not ended, but as if it were until RSM. Source: SDM 3C 32.14.1. */
  suspend(): void {
    const { vmxon, guestMode } = this
    Object.assign(this, { smmVmxon: vmxon, smmGuestMode: guestMode, vmxon: false, guestMode: false })
  }

  /** RSM. Source: SDM 3C 32.14.2. */
  proceed(): void {
    const { smmVmxon, smmGuestMode } = this
    Object.assign(this, { vmxon: smmVmxon, guestMode: smmGuestMode, smmVmxon: false, smmGuestMode: false })
  }

  /** VMXOFF. */
  end(memory: VmxMemory): void {
    this.release(memory)
    this.vmxon = false
    this.vmxonAddress = noAddress
  }

  /** Another VMCS becomes current, with what guest memory has of it. */
  makeCurrent(memory: VmxMemory, address: bigint): void {
    this.release(memory)
    this.current = address
    this.vmcs.load(bytesAt(memory, address, vmcsRegionBytes) ?? new Uint8Array(0))
    this.forgetChecks()
  }

  /** Nothing is known of what the current VMCS would pass. */
  forgetChecks(): void {
    this.unchecked = ~0
    this.resumable = false
    this.passedByKvm = false
    this.guestPassed = undefined
    this.passedFacts.forget()
  }

  /** VMWRITE changes a field that such groups of checks look at. */
  wrote({ field, group }: LivePlace, groups: number): void {
    this.unchecked |= groups
    if (group === 'control' || group === 'host') this.passedByKvm = false
    if (this.guestPassed?.has(field) === true) this.guestPassed = undefined
  }

  /** Writes have left such marks, each that of a field, as `directFields` has them. */
  wroteDirectly(marks: number): void {
    this.unchecked |= marks & ~(directMarks.controlsOrHost | directMarks.guest)
    if ((marks & directMarks.controlsOrHost) !== 0) this.passedByKvm = false
    if ((marks & directMarks.guest) !== 0) this.guestPassed = undefined
  }

  /** The current VMCS goes back to guest memory, and none is current. */
  release(memory: VmxMemory): void {
    if (!this.hasCurrent) return
    memory.writePhysical(Number(this.current), this.vmcs.bytes)
    this.current = noAddress
    this.forgetChecks()
  }

  /** The launch state of a VMCS that is not current is in guest memory. */
  clearLaunch(memory: VmxMemory, address: bigint): void {
    memory.writePhysical(Number(address) + vmcs12Head.LAUNCH_STATE, new Uint8Array(4))
  }
}
