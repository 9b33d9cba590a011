import {
  type ApicAccess,
  emptyNestedState,
  executeVmx,
  exitNumbers,
  hasPinControl,
  hasPrimaryControl,
  hasSecondaryControl,
  instructionEnabled,
  instructionExits,
  linkedRegion,
  loadGuestPointers,
  type NestedState,
  type PauseLoop,
  pausedAt,
  pinBit,
  primaryBit,
  putLinked,
  secondaryBit,
  setOutsideVmx,
  setRoot,
  VmxState,
  type VmxWorld,
  vmFunction,
} from '@vmm/nested-vmx'
import { exceptions, ownTranslations } from '@vmm/x86-registers'
import { generalProtection, type VmxMnemonic, type VmxOutcome } from '@vmm/x86-semantics'
import type { Engine } from '../engine-port.ts'
import type { VcpuExit } from '../exit.ts'
import { DirectAccesses } from './direct-accesses.ts'
import { instructionExit } from './instruction-exit.ts'
import { L2Delivery } from './l2-delivery.ts'
import type { L2Exit } from './l2-exit.ts'
import { L2Transitions } from './l2-transitions.ts'
import { PageModificationLog } from './page-modification-log.ts'
import { VirtualApic } from './virtual-apic.ts'
import { VmxFacts } from './vmx-facts.ts'
import type { VmxParts } from './vmx-parts.ts'
import { WorldOfVmx } from './world-of-vmx.ts'

/** What is due when the engine has come back: an instruction has said so, and has not happened. */
type Due =
  | { readonly kind: 'entry'; readonly wrong: number | undefined }
  | { readonly kind: 'exit'; readonly exit: L2Exit }

const entered: VmxOutcome = { kind: 'entered' }
const elsewhere: VmxOutcome = { kind: 'elsewhere' }
/** Behind these another VMCS may be current, or none. */
const changesCurrent: ReadonlySet<VmxMnemonic> = new Set(['VMXON', 'VMXOFF', 'VMCLEAR', 'VMPTRLD'])

/** What of VMX operation is saved with a vCPU beside what KVM_GET_NESTED_STATE tells. */
export interface SavedVmx {
  readonly state: NestedState
  readonly deadline: bigint | undefined
  readonly pauseLoop?: PauseLoop | undefined
  readonly nmiBlockedInL1: boolean
  /** The exit that follows the last instruction. */
  readonly due?: L2Exit | undefined
}

/** VMX operation of one vCPU: what its instructions do, and what runs L2 and leaves it. */
export class VmxOperation {
  readonly state: VmxState = new VmxState()
  readonly delivery: L2Delivery
  readonly apic: VirtualApic
  readonly log: PageModificationLog
  readonly facts: VmxFacts
  readonly #parts: VmxParts
  readonly #transitions: L2Transitions
  readonly #world: VmxWorld
  readonly #accesses: DirectAccesses
  #due: Due | undefined

  constructor(parts: VmxParts) {
    this.#parts = parts
    this.facts = new VmxFacts(parts, this.state)
    this.#transitions = new L2Transitions(parts, this.state, this.facts)
    this.delivery = new L2Delivery(this)
    this.apic = new VirtualApic(parts, this.state)
    this.log = new PageModificationLog(parts.engine, this.state)
    this.#world = new WorldOfVmx(parts, this.state, this.facts)
    this.#accesses = new DirectAccesses(parts.engine, this.#world)
  }

  get engine(): Engine {
    return this.#parts.engine()
  }

  /** Whether registers are L2's. */
  get inL2(): boolean {
    return this.state.guestMode
  }

  /** A VMX instruction. L2 is entered when the engine has come back. */
  execute(instruction: VmxMnemonic, first: bigint, second: bigint, third: bigint): VmxOutcome {
    if (instruction === 'VMFUNC') return this.#function(first, second)
    this.#accesses.take()
    const answer = executeVmx(this.#world, instruction, [first, second, third])
    if (answer.kind === 'enters') return this.#enters(answer.wrong)
    if (!this.inL2) this.#follow(instruction)
    switch (answer.kind) {
      case 'succeeded':
        if (answer.turns !== undefined) this.#turn(answer.turns)
        return { kind: 'succeeded', value: answer.value }
      case 'failed':
        return answer
      default:
        return answer.exception === 'GP' ? generalProtection : { kind: 'fault', vector: exceptions.UD.vector }
    }
  }

  /** What the engine may do by itself behind an instruction of L1. */
  #follow(instruction: VmxMnemonic): void {
    if (instruction === 'VMREAD' || instruction === 'VMWRITE') this.#accesses.offer()
    else if (changesCurrent.has(instruction)) this.#accesses.withdraw()
  }

  /** VMFUNC, which L2 executes by itself where L1 lets it. */
  #function(eax: bigint, ecx: bigint): VmxOutcome {
    const { vmcs } = this.state
    const came = vmFunction({ vmcs, memory: this.engine, vcpu: this.#world.vcpu }, eax, ecx)
    switch (came.kind) {
      case 'fault':
        return { kind: 'fault', vector: exceptions.UD.vector }
      case 'exits':
        return this.#leaves({ reason: exitNumbers.VMFUNC }) ? elsewhere : entered
      default:
        this.#transitions.switched(came.eptp)
        return { kind: 'succeeded', value: 0n }
    }
  }

  /** Whether an instruction of L2 leaves for L1: it will when the engine has come back, or has. */
  exits(reason: number, qualification: bigint): boolean | 'elsewhere' {
    const { engine } = this
    const { vmcs } = this.state
    const loop = reason === exitNumbers.PAUSE_INSTRUCTION ? this.#paused() : undefined
    if (!instructionExits({ vmcs, registers: engine, memory: engine, reason, qualification, loop })) return false
    return this.#leaves(instructionExit(engine, reason, qualification)) ? 'elsewhere' : true
  }

  /** An instruction of L2 leaves for L1. False: it will when the engine has come back. */
  #leaves(exit: L2Exit): boolean {
    const onward = this.#parts.onward()
    const bytes = onward.isFree ? this.engine.abandon?.('again', onward.faultsOfL1) : undefined
    if (!bytes) {
      this.#due = { kind: 'exit', exit }
      return false
    }
    onward.count()
    onward.made(this.leave(exit, bytes))
    return true
  }

  /** L2 is entered, unless something is wrong with it. One that is looked at behind each instruction must wait for the engine to come back, and one with a timer. */
  #enters(wrong: number | undefined): VmxOutcome {
    const onward = this.#parts.onward()
    const mayBegin = onward.isFree && !this.isTimed && !this.#monitorTrap()
    if (!mayBegin || !this.engine.abandon?.('behind', 'stop')) {
      this.#due = { kind: 'entry', wrong }
      return entered
    }
    onward.count()
    onward.made(this.#enter(wrong))
    return elsewhere
  }

  /** The loop of a PAUSE, where loops exit: users' do not. */
  #paused(): PauseLoop | undefined {
    const { engine, state } = this
    if (!hasSecondaryControl(state.vmcs, secondaryBit.PAUSE_LOOP_EXITING) || engine.get('CPL') !== 0n) return undefined
    state.pauseLoop = pausedAt(this.#parts.machine().timeStamp(), state.pauseLoop, state.vmcs)
    return state.pauseLoop
  }

  /** Whether an access of L2 to the APIC-access page leaves for L1: then it is not made. */
  exitsForApic(access: ApicAccess): boolean {
    const exit = this.apic.exitFor(access, this.delivery.isUnderWay ? 'delivery' : 'instruction')
    if (exit !== undefined) this.#due = { kind: 'exit', exit }
    return exit !== undefined
  }

  /** Whether L2 has the instruction of an exit reason at all. */
  enabled(reason: number): boolean {
    return instructionEnabled(this.state.vmcs, reason)
  }

  /** The engine has come back because of such an instruction: what it is for is done. */
  settle(): { readonly exit: VcpuExit | undefined } | undefined {
    return this.#due === undefined ? undefined : { exit: this.#settle(this.engine.executingBytes) }
  }

  /** The instruction that it is due for has so many bytes. */
  #settle(bytes: number): VcpuExit | undefined {
    const due = this.#due!
    this.#due = undefined
    if (due.kind === 'exit') return this.leave(due.exit, bytes)
    this.engine.skip(bytes)
    return this.#enter(due.wrong)
  }

  /** The instruction that enters L2 is over. */
  #enter(wrong: number | undefined): VcpuExit | undefined {
    const exit = this.#transitions.enter(wrong)
    this.#accesses.follow()
    this.apic.entered()
    return exit
  }

  /** Instructions of L1, or of L2 that was entered with nothing, come next. */
  begin(): void {
    if (!this.inL2) return
    this.state.runPending = false
    this.delivery.keepCr2()
  }

  /** The exit that is due, for who was delivering an event. */
  takeExit(): L2Exit | undefined {
    const due = this.#due
    this.#due = undefined
    return due?.kind === 'exit' ? due.exit : undefined
  }

  /** L2 is left for L1, for an instruction of so many bytes, if that is the reason. */
  leave(exit: L2Exit, length: number = exit.length ?? 0): VcpuExit | undefined {
    const observer = this.#parts.observer()
    const rip = observer?.traces === true ? this.engine.get('RIP') : 0n
    const aborted = this.#transitions.leave(exit, length)
    observer?.left(this.state.vmcs, rip)
    return aborted
  }

  get timer(): L2Transitions['timer'] {
    return this.#transitions.timer
  }

  /** Whether the current VMCS gives its guest a timer. */
  get isTimed(): boolean {
    return hasPinControl(this.state.vmcs, pinBit.PREEMPTION_TIMER)
  }

  #monitorTrap(): boolean {
    return hasPrimaryControl(this.state.vmcs, primaryBit.MONITOR_TRAP_FLAG)
  }

  /** Whether each instruction of L2 leaves for L1. */
  get trapsEach(): boolean {
    return this.inL2 && (this.state.mtfPending || this.#monitorTrap())
  }

  /** Whether L2 is left behind the last instruction: for what it wrote to the virtual APIC, or for a monitor trap. */
  get leavesBehind(): boolean {
    return this.inL2 && (this.apic.due !== undefined || this.state.mtfPending)
  }

  /** Whether it is looked behind each instruction of L2 for what waits: an interrupt that is L1's, or one of its own that STI or MOV SS keep off. */
  waitsClosely(interrupted: boolean): boolean {
    if (!this.inL2) return false
    return (interrupted && this.interruptsExit) || (this.apic.interrupts.isRecognized && this.engine.shadowed)
  }

  /** Whether an interrupt leaves for L1, whatever the flags of L2 say. */
  get interruptsExit(): boolean {
    return this.inL2 && hasPinControl(this.state.vmcs, pinBit.EXTERNAL_INTERRUPT_EXITING)
  }

  /** Whether an NMI leaves for L1, though L2 blocks them. */
  get nmisExit(): boolean {
    return this.inL2 && hasPinControl(this.state.vmcs, pinBit.NMI_EXITING)
  }

  /** L1 waits for L2 to take interrupts, or NMIs. */
  get wantsInterruptWindow(): boolean {
    return this.inL2 && hasPrimaryControl(this.state.vmcs, primaryBit.INTERRUPT_WINDOW_EXITING)
  }

  get wantsNmiWindow(): boolean {
    return this.inL2 && hasPrimaryControl(this.state.vmcs, primaryBit.NMI_WINDOW_EXITING)
  }

  /** What user space, or a reset, makes of it: into L2 and out of it registers follow. */
  become(next: NestedState): void {
    const { engine, state } = this
    const wasInL2 = state.guestMode
    this.#due = undefined
    this.facts.forget()
    if (wasInL2) this.#transitions.leaveUntold()
    state.become(next)
    if (!state.vmxon) setOutsideVmx(engine)
    else if (!state.guestMode) setRoot(engine, this.facts.fixedBits)
    if (state.guestMode) {
      if (hasSecondaryControl(state.vmcs, secondaryBit.VMCS_SHADOWING)) putLinked(engine, state.vmcs, next.shadowVmcs12)
      this.#transitions.resume()
    }
    this.apic.entered()
    engine.modeChanged()
  }

  /** What there is: of L2 its VMCS with what its registers are now. */
  told(): NestedState {
    if (!this.inL2) return this.state.told()
    this.#transitions.save()
    const { engine, state } = this
    const linked = hasSecondaryControl(state.vmcs, secondaryBit.VMCS_SHADOWING)
      ? linkedRegion(engine, state.vmcs)
      : undefined
    return { ...state.told(), ...(linked === undefined ? {} : { shadowVmcs12: linked.slice() }) }
  }

  /**
   * An SMI: the processor is as outside VMX operation until RSM, and neither L1 nor L2 is told.
   *
   * Source: SDM 3C 32.14.1 Default Treatment of SMI Delivery.
   */
  enterSmm(): void {
    const { engine, state } = this
    if (!state.vmxon) return
    if (this.inL2) this.#transitions.save()
    state.suspend()
    setOutsideVmx(engine)
    this.#transitions.translate()
  }

  /** RSM, before registers are what SMM has saved. Source: SDM 3C 32.14.2 Default Treatment of RSM. */
  leaveSmm(): void {
    const { engine, state } = this
    if (!state.smmVmxon) return
    state.proceed()
    if (this.inL2) this.#transitions.proceed()
    else setRoot(engine, this.facts.fixedBits)
  }

  /** RSM, behind that: bits that are fixed are, and page pointers of L2 are those of its VMCS. */
  leftSmm(): void {
    const { engine, state } = this
    if (!state.vmxon) return
    for (const name of ['CR0', 'CR4'] as const) engine.set(name, engine.get(name) | engine.get(`${name}_REQUIRED`))
    if (this.inL2) loadGuestPointers(state.vmcs, engine)
    engine.modeChanged()
  }

  /** INIT takes effect: registers are for the caller. */
  initialize(): void {
    const state = this.told()
    const left = this.#parts.promises.vmx.initialized(state)
    if (left !== state) this.become(left)
  }

  /** Power-up. */
  reset(): void {
    this.#due = undefined
    this.facts.forget()
    this.state.become(emptyNestedState('vmx'))
    setOutsideVmx(this.engine)
    this.engine.useTranslations(ownTranslations)
  }

  /** Plain data; registers are saved with the others. */
  save(): SavedVmx {
    const { deadline, pauseLoop } = this.state
    const { nmiBlockedInL1 } = this.#transitions
    return { state: this.state.told(), deadline, pauseLoop, nmiBlockedInL1, due: this.apic.due }
  }

  /** Registers are there already. */
  restore({ state, deadline, pauseLoop, nmiBlockedInL1, due }: SavedVmx): void {
    this.#due = undefined
    this.facts.forget()
    this.state.become(state)
    Object.assign(this.state, { deadline, pauseLoop })
    this.#transitions.nmiBlockedInL1 = nmiBlockedInL1
    if (state.vmxon) this.#transitions.translate()
    this.apic.entered()
    this.apic.due ??= due
  }

  #turn(turns: 'on' | 'off'): void {
    const { engine } = this
    if (turns === 'on') setRoot(engine, this.facts.fixedBits)
    else setOutsideVmx(engine)
    engine.resync()
  }
}
