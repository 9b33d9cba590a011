import {
  vmcs12Offsets as at,
  entryBit,
  eventValid,
  exitBit,
  exitNumbers,
  guestFailure,
  hasEntryControl,
  hasExitControl,
  hasPinControl,
  hasSecondaryControl,
  interruptionInformation,
  type KvmEntryFailure,
  type LiveVmcs12,
  loadGuest,
  loadHost,
  loadMsrs,
  pinBit,
  saveGuest,
  secondaryBit,
  stateCells,
  storeMsrs,
  type VmxMsrAccess,
  type VmxState,
} from '@vmm/nested-vmx'
import { ownTranslations, type TranslationSpace } from '@vmm/x86-registers'
import type { Engine } from '../engine-port.ts'
import type { VcpuExit } from '../exit.ts'
import type { L2Exit } from './l2-exit.ts'
import { clearNonRegisters, loadNonRegisters, loadPointers, saveNonRegisters, wake } from './l2-registers.ts'
import { LoadedMsr } from './loaded-msr.ts'
import { PreemptionTimer } from './preemption-timer.ts'
import { RememberedTransitions } from './remembered-transitions.ts'
import type { VmxFacts } from './vmx-facts.ts'
import type { VmxParts } from './vmx-parts.ts'

const [IA32_DEBUGCTL, IA32_PAT] = [0x1d9, 0x277]
const failedEntry = 0x8000_0000
/** Exit qualification of an entry that fails for page pointers. Source: SDM 3C 27.8. */
const pagePointers = 2n
/** VMX abort is a shutdown in KVM. Source: arch/x86/kvm/vmx/nested.c nested_vmx_abort (Linux 6.12). */
const aborted: VcpuExit = { kind: 'shutdown', because: [] }

/** What cannot be loaded of a guest. */
interface Unloaded {
  readonly reason: number
  readonly qualification: bigint
}

/** The ways into L2, and out of it. */
export class L2Transitions {
  readonly timer: PreemptionTimer
  /** NMIs were blocked when L1 entered L2, and will be when it goes on. */
  nmiBlockedInL1 = false
  readonly #parts: VmxParts
  readonly #state: VmxState
  readonly #facts: VmxFacts
  readonly #checks: KvmEntryFailure<'exit'>
  readonly #access: VmxMsrAccess
  readonly #pat: LoadedMsr
  readonly #debugControl: LoadedMsr
  readonly #remembered = new RememberedTransitions()
  /** The space that was used last, with both words of its EPT pointer: big integers take longer to compare. */
  #spaceOf = { low: 0, high: 0, space: ownTranslations }

  constructor(parts: VmxParts, state: VmxState, facts: VmxFacts) {
    this.#parts = parts
    this.#state = state
    this.#facts = facts
    this.#checks = parts.promises.guestState
    this.timer = new PreemptionTimer(parts, state)
    this.#access = this.#msrAccess()
    this.#pat = new LoadedMsr(parts.msrs, IA32_PAT)
    this.#debugControl = new LoadedMsr(parts.msrs, IA32_DEBUGCTL)
  }

  /**
   * VMLAUNCH or VMRESUME has let its VMCS pass: L2 begins, unless its state is wrong, for KVM or with what the processor says.
   *
   * Source: SDM 3C 27 VM Entries; arch/x86/kvm/vmx/nested.c nested_vmx_enter_non_root_mode (Linux 6.12).
   */
  enter(byProcessor: number | undefined): VcpuExit | undefined {
    const state = this.#state
    const { vmcs } = state
    const engine = this.#parts.engine()
    const wrong = guestFailure(this.#checks, state, this.#facts.vcpu) ?? byProcessor
    if (wrong !== undefined) return this.#fail(exitNumbers.INVALID_STATE, BigInt(wrong))
    this.nmiBlockedInL1 = stateCells(engine).NMI_BLOCKED.word !== 0
    const unloaded = this.#enterAgain(engine) ? undefined : this.#enterAnew(engine)
    if (unloaded !== undefined) return this.#fail(unloaded.reason, unloaded.qualification)
    vmcs.launched = true
    state.guestMode = true
    state.runPending = true
    state.pauseLoop = undefined
    this.timer.start()
    this.translate()
    return undefined
  }

  /** An entry like one before. */
  #enterAgain(engine: Engine): boolean {
    if (!this.#remembered.entries(this.#facts.fixedBits).again(this.#state.vmcs, engine)) return false
    this.#loadMsrs()
    wake(this.#parts.events())
    engine.takeDebugHits()
    return true
  }

  /** Loads the guest step by step, unless it cannot be. */
  #enterAnew(engine: Engine): Unloaded | undefined {
    const { vmcs } = this.#state
    const events = this.#parts.events()
    const begun = this.#remembered.beginEntry(vmcs, engine, events)
    loadGuest(vmcs, engine, this.#facts.fixedBits, 'entry')
    if (!hasSecondaryControl(vmcs, secondaryBit.EPT) && !loadPointers(engine))
      return { reason: exitNumbers.INVALID_STATE, qualification: pagePointers }
    this.#loadMsrs()
    const unloaded = loadMsrs(vmcs, 'ENTRY', engine, this.#access)
    if (unloaded !== 0) return { reason: exitNumbers.MSR_LOAD_FAIL, qualification: BigInt(unloaded) }
    loadNonRegisters(vmcs, engine, events)
    if (begun !== undefined) this.#remembered.keepEntry(begun, vmcs, engine, events)
    return undefined
  }

  /** MSRs of the guest that have fields of their own. */
  #loadMsrs(): void {
    const { vmcs } = this.#state
    if (hasEntryControl(vmcs, entryBit.LOAD_PAT)) this.#pat.load(vmcs.wideAt(at.GUEST_IA32_PAT))
    if (hasEntryControl(vmcs, entryBit.LOAD_DEBUG)) this.#debugControl.load(vmcs.wideAt(at.GUEST_IA32_DEBUGCTL))
  }

  /** User space has made L2 active: it has its registers, and goes on where it was. */
  resume(): void {
    const { vmcs, runPending } = this.#state
    const engine = this.#parts.engine()
    loadGuest(vmcs, engine, this.#facts.fixedBits, runPending ? 'entry' : 'user space')
    if (!hasSecondaryControl(vmcs, secondaryBit.EPT)) loadPointers(engine)
    this.timer.resume()
    this.translate()
  }

  /** RSM has L2 go on: registers follow from what SMM has saved. */
  proceed(): void {
    const { vmcs } = this.#state
    loadGuest(vmcs, this.#parts.engine(), this.#facts.fixedBits, 'user space')
    this.translate()
  }

  /**
   * L2 is left: what it has become is in its VMCS, and L1 goes on.
   *
   * Source: SDM 3C 28 VM Exits; arch/x86/kvm/vmx/nested.c nested_vmx_vmexit (Linux 6.12).
   */
  leave(exit: L2Exit, length: number): VcpuExit | undefined {
    const state = this.#state
    const engine = this.#parts.engine()
    this.#saveMore()
    this.#tell(exit, length)
    state.mtfPending = false
    const again = this.#leaveAgain(engine)
    if (!again && !this.#leaveAnew(engine)) return aborted
    this.#goOut(engine)
    // an NMI that is the reason blocks others as its delivery would
    if (exit.event?.type === 'NMI') engine.set('NMI_BLOCKED', 1n)
    return this.#hostMore(engine, again || loadPointers(engine))
  }

  /** An exit like one before. */
  #leaveAgain(engine: Engine): boolean {
    const events = this.#parts.events()
    if (events.mpState !== 'runnable') return false
    if (!this.#remembered.exits(this.#facts.fixedBits).again(this.#state.vmcs, engine)) return false
    wake(events)
    engine.takeDebugHits()
    return true
  }

  /** The guest is saved and the host loaded step by step. False where MSRs cannot be stored. */
  #leaveAnew(engine: Engine): boolean {
    const { vmcs } = this.#state
    const events = this.#parts.events()
    const begun = this.#remembered.beginExit(vmcs, engine, events)
    saveGuest(vmcs, engine, this.#facts.fixedBits)
    saveNonRegisters(vmcs, engine, events)
    if (!storeMsrs(vmcs, engine, this.#access)) return false
    clearNonRegisters(engine, events)
    loadHost(vmcs, engine, this.#facts.fixedBits)
    if (begun !== undefined) this.#remembered.keepExit(begun, vmcs, engine)
    return true
  }

  /** User space takes the vCPU out of L2, and L1 is told nothing. */
  leaveUntold(): void {
    const engine = this.#parts.engine()
    clearNonRegisters(engine, this.#parts.events())
    this.#goOut(engine)
    this.#host(engine)
  }

  /** Translations are L2's or L1's own from now on, and so is the time. Devices are the same for both. */
  translate(): void {
    const engine = this.#parts.engine()
    const { vmcs, guestMode } = this.#state
    const tagged = hasSecondaryControl(vmcs, secondaryBit.VPID)
    if (!tagged) engine.forgetTranslations(({ vpid }) => vpid === 0)
    engine.known?.timeStamp.forget()
    engine.useTranslations(guestMode ? this.#spaceOfL2(vmcs, tagged) : ownTranslations)
  }

  /** L2 has taken another EPT pointer, which its VMCS has already. */
  switched(eptp: bigint): void {
    const engine = this.#parts.engine()
    const { vmcs } = this.#state
    engine.set('EPTP', eptp)
    engine.useTranslations(this.#spaceOfL2(vmcs, hasSecondaryControl(vmcs, secondaryBit.VPID)))
    engine.resync()
  }

  /** The registers of L2 are in its VMCS, as an exit would leave them there. */
  save(): void {
    const engine = this.#parts.engine()
    saveGuest(this.#state.vmcs, engine, this.#facts.fixedBits)
    saveNonRegisters(this.#state.vmcs, engine, this.#parts.events())
    this.#saveMore()
  }

  /** What no register has of it. */
  #saveMore(): void {
    const { vmcs, runPending } = this.#state
    if (hasExitControl(vmcs, exitBit.SAVE_PAT)) vmcs.setWideAt(at.GUEST_IA32_PAT, this.#pat.held)
    if (
      !runPending &&
      hasPinControl(vmcs, pinBit.PREEMPTION_TIMER) &&
      hasExitControl(vmcs, exitBit.SAVE_PREEMPTION_TIMER)
    )
      vmcs.setWord('VMX_PREEMPTION_TIMER_VALUE', this.timer.left)
  }

  /** Source: SDM 3C 28.2 Recording VM-Exit Information. */
  #tell(exit: L2Exit, length: number): void {
    const { vmcs } = this.#state
    const { event, vectoring } = exit
    vmcs.setWordAt(at.VM_EXIT_REASON, exit.reason)
    vmcs.setWideAt(at.EXIT_QUALIFICATION, exit.qualification ?? 0n)
    vmcs.setWordAt(at.VM_EXIT_INTR_INFO, event === undefined ? 0 : interruptionInformation(event))
    if (event?.errorCode !== undefined) vmcs.setWordAt(at.VM_EXIT_INTR_ERROR_CODE, event.errorCode)
    vmcs.setWordAt(at.IDT_VECTORING_INFO_FIELD, vectoring === undefined ? 0 : interruptionInformation(vectoring))
    if (vectoring?.errorCode !== undefined) vmcs.setWordAt(at.IDT_VECTORING_ERROR_CODE, vectoring.errorCode)
    vmcs.setWordAt(at.VM_EXIT_INSTRUCTION_LEN, length)
    vmcs.setWordAt(at.VMX_INSTRUCTION_INFO, exit.information ?? 0)
    if (exit.physical !== undefined) vmcs.setWideAt(at.GUEST_PHYSICAL_ADDRESS, exit.physical)
    if (exit.linear !== undefined) vmcs.setWideAt(at.GUEST_LINEAR_ADDRESS, exit.linear)
    vmcs.setWordAt(at.VM_ENTRY_INTR_INFO_FIELD, vmcs.wordAt(at.VM_ENTRY_INTR_INFO_FIELD) & ~eventValid)
  }

  /** An entry fails: L1 goes on as behind an exit, and of its VMCS only the reason tells of it. Source: SDM 3C 27.8. */
  #fail(reason: number, qualification: bigint): VcpuExit | undefined {
    const { vmcs } = this.#state
    vmcs.setWordAt(at.VM_EXIT_REASON, (reason | failedEntry) >>> 0)
    vmcs.write('EXIT_QUALIFICATION', qualification)
    return this.#host(this.#parts.engine())
  }

  /** The same space is the same object, for who compares. */
  #spaceOfL2(vmcs: LiveVmcs12, tagged: boolean): TranslationSpace {
    const hasEpt = hasSecondaryControl(vmcs, secondaryBit.EPT)
    const low = hasEpt ? vmcs.wordAt(at.EPT_POINTER) : 0
    const high = hasEpt ? vmcs.wordAt(at.EPT_POINTER + 4) : 0
    const vpid = tagged ? vmcs.halfAt(at.VIRTUAL_PROCESSOR_ID) : 0
    const known = this.#spaceOf
    if (known.low !== low || known.high !== high || known.space.vpid !== vpid)
      this.#spaceOf = { low, high, space: { vpid, eptp: (BigInt(high) << 32n) | BigInt(low) } }
    return this.#spaceOf.space
  }

  #goOut(engine: Engine): void {
    const state = this.#state
    state.guestMode = false
    state.runPending = false
    state.deadline = undefined
    stateCells(engine).NMI_BLOCKED.word = this.nmiBlockedInL1 ? 1 : 0
  }

  /** Source: SDM 3C 28.5 Loading Host State. */
  #host(engine: Engine): VcpuExit | undefined {
    loadHost(this.#state.vmcs, engine, this.#facts.fixedBits)
    return this.#hostMore(engine, loadPointers(engine))
  }

  /** What no field of the state has of it. */
  #hostMore(engine: Engine, paged: boolean): VcpuExit | undefined {
    const { vmcs } = this.#state
    if (hasExitControl(vmcs, exitBit.LOAD_PAT)) this.#pat.load(vmcs.wideAt(at.HOST_IA32_PAT))
    this.#debugControl.load(0n)
    this.translate()
    return paged && loadMsrs(vmcs, 'EXIT', engine, this.#access) === 0 ? undefined : aborted
  }

  #msrAccess(): VmxMsrAccess {
    const { msrs, machine } = this.#parts
    return {
      read: (index) => {
        const outcome = msrs.guest('read', index, 0n)
        return outcome.kind === 'done' ? outcome.value : undefined
      },
      write: (index, value) => msrs.guest('write', index, value).kind === 'done',
      get x2apic() {
        return ((machine().readApicMsr(apicBase) ?? 0n) & extended) !== 0n
      },
    }
  }
}

const apicBase = 0x1b
const extended = 0x400n
