import { exitNumbers as vmxExits } from '@vmm/nested-vmx'
import { exceptions, gprIndex } from '@vmm/x86-registers'
import { secondLevelFault } from '@vmm/x86-semantics'
import { breakpointsAt, hasInstructionBreakpoints } from './breakpoints.ts'
import { type MsrReply, valuesOf } from './completion.ts'
import { deliver, deliveryKind } from './delivery.ts'
import type { EngineStop } from './engine-port.ts'
import type { FailedEmulation, VcpuExit } from './exit.ts'
import type { Pending } from './faults.ts'
import type { KeptPromises } from './kept-promises.ts'
import { notEmulated } from './not-emulated.ts'
import { Onward, type OnwardParts } from './onward.ts'
import type { RunOptions } from './run-options.ts'
import type { SystemManagement } from './smm/system-management.ts'
import { exitBits, type VcpuSwitches } from './switches.ts'
import type { ExitReason } from './trace.ts'

/** RFLAGS.TF and RF; DR6.BS. */
const [TF, RF, BS] = [1n << 8n, 1n << 16n, 1n << 14n]

/** What leaves the guest when the engine stops for it. */
const exitReasons: Readonly<Partial<Record<Extract<EngineStop, { kind: 'exit' }>['reason'], ExitReason>>> = {
  hlt: 'HLT',
  mwait: 'MWAIT_INSTRUCTION',
  shutdown: 'TRIPLE_FAULT',
}

interface Parts extends OnwardParts {
  readonly smm: SystemManagement
  readonly promises: KeptPromises
  readonly switches: VcpuSwitches
}

/** Instructions between two looks at whether somebody outside wants the vCPU back: some milliseconds. */
const betweenLooks = 1_000_000
/** A guest that meets exceptions and never executes anything between them comes back after so many looks. */
const mostIdle = 1024
const goOn = () => false

/** Runs an engine between events and exits, and finishes what user space has answered. */
export class Execution {
  readonly #parts: Parts
  /** An exit that waits until user space has seen the stores that came with it. */
  #held: VcpuExit | undefined
  /** RSM is under execution. */
  #leavesSmm = false
  /** Somebody whom the guest has asked wants the vCPU back. */
  #kicked = false
  /** User space waits for the guest to take interrupts. */
  #looksForWindow = false
  /** Whether PAUSE is a reason to come back. */
  #onPause = goOn
  /** What the hypercall that user space was asked for gives. */
  hypercallResult = 0n
  /** What it says of an MSR that it was asked about. */
  msrReply: MsrReply = { error: false, data: 0n }

  /** What happens while the engine runs. */
  readonly onward: Onward

  constructor(parts: Parts) {
    this.#parts = parts
    this.onward = new Onward(parts)
  }

  /** RSM: whether the processor is in SMM. Then it leaves it when the engine has come back. */
  leaveSmm(): boolean {
    this.#leavesSmm = this.#parts.events.state.smm
    return this.#leavesSmm
  }

  /** Brings a `run` back that is under way, once the instruction is complete that has asked: with an exit, or for nothing. */
  kick(exit?: VcpuExit): void {
    if (exit === undefined) this.#kicked = true
    else this.#parts.completion.prevent(exit)
    this.#parts.engine.resync()
  }

  /** Whether somebody has asked for it to be brought back. */
  get isKicked(): boolean {
    return this.#kicked
  }

  /** The guest has nothing to do before another processor has run: as PAUSE. */
  yields(): void {
    if (this.#onPause()) this.kick()
  }

  /** Finishes what user space has answered. An exit where that comes to another one. */
  finish(): VcpuExit | undefined {
    this.#parts.completion.takePrevented()
    return this.#finish()
  }

  run(options: RunOptions): VcpuExit {
    const { budget, immediateExit = false, requestInterruptWindow = false, finished = false, interrupted } = options
    const { engine, events, vmx } = this.#parts
    this.#kicked = false
    vmx.facts.forget()
    this.#onPause = options.onPause ?? goOn
    this.#looksForWindow = requestInterruptWindow
    // whatever it goes by may have been set since
    engine.known?.forget()
    if (engine.known !== undefined) engine.known.stopsAtPause = options.onPause !== undefined
    const unfinished = finished ? undefined : this.finish()
    if (unfinished !== undefined) return unfinished
    if (immediateExit) return this.#interrupted()
    const end = engine.retired() + budget
    let idle = 0
    for (;;) {
      const event = this.#withStores(events.take())
      if (event !== undefined) return this.#unlessPrevented(event)
      if (!events.runnable) return { kind: 'hlt' }
      if (requestInterruptWindow && this.readyForInterrupt) return { kind: 'irq-window-open' }
      const left = end - engine.retired()
      if (left <= 0) {
        this.#parts.observer?.leave('PREEMPTION_TIMER', engine.get('RIP'))
        return { kind: 'intr' }
      }
      if (interrupted?.() === true) return { kind: 'intr' }
      if (requestInterruptWindow || vmx.wantsInterruptWindow) engine.eventPending = true
      const before = engine.retired()
      const given = requestInterruptWindow && engine.shadowed ? 1 : Math.min(left, vmx.timer.instructions)
      const exit = this.#withStores(this.#slice(given, interrupted !== undefined))
      const told = this.#unlessPrevented(exit)
      if (told !== undefined && told.kind !== 'intr') return told
      if (this.#kicked)
        return requestInterruptWindow && this.readyForInterrupt ? { kind: 'irq-window-open' } : this.#interrupted()
      idle = engine.retired() === before ? idle + 1 : 0
      if (idle === mostIdle) return this.#interrupted()
    }
  }

  /** What follows the last instruction of L2 is over when somebody looks: nested state has no word for it. */
  #interrupted(): VcpuExit {
    return this.#unlessPrevented(this.#withStores(this.#parts.events.leaveBehind())) ?? { kind: 'intr' }
  }

  /** Whether user space could queue an interrupt now. */
  get readyForInterrupt(): boolean {
    const { engine, events } = this.#parts
    return engine.interruptible && events.state.interrupt === undefined && events.state.exception.stage === 'none'
  }

  /** Nothing is left to finish: state has been set as a whole. */
  clear(): void {
    this.#held = undefined
    this.#parts.completion.clear()
  }

  /** Stores that user space has not seen go first, then the instruction that waits for an answer. */
  #finish(): VcpuExit | undefined {
    const { completion, engine } = this.#parts
    const store = completion.takeStore()
    if (store !== undefined) return store
    if (this.#held !== undefined) {
      const held = this.#held
      this.#held = undefined
      return held
    }
    if (!completion.unfinished) return undefined
    completion.forgetUnlessAt(engine.linearRip)
    if (this.#isOver()) return undefined
    this.#answer()
    while (completion.unfinished) {
      const before = engine.retired()
      const exit = this.#withStores(this.#slice(1))
      if (exit !== undefined && exit.kind !== 'intr') return exit
      // an instruction that faulted, or did without, leaves answers that nobody will ask for
      if (engine.retired() === before) completion.clear()
    }
    return undefined
  }

  /**
   * An OUT that user space has seen is over, as for the kernel. Source: arch/x86/kvm/x86.c complete_fast_pio_out. Where each
   * instruction is looked at, it runs again with its answer, and meets its traps.
   */
  #isOver(): boolean {
    const { completion, engine, debug } = this.#parts
    const bytes = completion.bytesOver
    if (bytes === 0 || !engine.quiet || debug.isOn) return false
    completion.clear()
    engine.skip(bytes)
    return true
  }

  #answer(): void {
    const { completion } = this.#parts
    const { asked } = completion
    if (asked === undefined) return
    const { error, data } = this.msrReply
    if (asked.kind === 'hypercall') completion.answer([this.hypercallResult])
    else if ('index' in asked) completion.answer([BigInt(error), data])
    else if (asked.kind === 'io' && asked.direction === 'out') completion.answer([0n])
    else completion.answer(valuesOf(asked.data, asked.size))
    this.hypercallResult = 0n
    this.msrReply = { error: false, data: 0n }
  }

  /** An exit that came with stores waits until user space has seen them. */
  #withStores(exit: VcpuExit | undefined): VcpuExit | undefined {
    const store = this.#parts.completion.takeStore()
    if (store === undefined) return exit
    if (exit !== undefined && exit.kind !== 'intr') this.#held = exit
    return store
  }

  /** Runs until something must be looked at: one instruction, where every one must be. */
  #slice(left: number, looks = false): VcpuExit | undefined {
    const { engine, events, debug } = this.#parts
    if (engine.quiet && !debug.isOn) return this.#execute(events.waitsClosely ? 1 : left, false, looks)
    const flags = engine.get('RFLAGS')
    const stepping = (flags & TF) !== 0n
    const resuming = (flags & RF) !== 0n
    const dr7 = Number(engine.get('DR7'))
    // its breakpoint was met before its first round
    const isUnderWay = engine.get('REPEATING') !== 0n
    const met = resuming || isUnderWay || this.#behindStackLoad() ? undefined : this.#breakpoint(dr7)
    if (met !== undefined) return met.exit
    const breaks = hasInstructionBreakpoints(debug.dr7 ?? dr7)
    const closely = debug.steps || breaks || events.waitsClosely
    const waits = engine.get('PENDING_DEBUG') !== 0n
    if (stepping) engine.set('UNSTEPPED', 0n)
    return this.#execute(stepping || closely || waits ? 1 : left, stepping, looks)
  }

  /** Runs so many instructions, or where it `looks` around about as many as between looks; one, where user space has answered what it asks. */
  #execute(left: number, stepping: boolean, looks = false): VcpuExit | undefined {
    const { engine, completion, observer, vmx } = this.#parts
    const replaying = completion.unfinished
    // it has been counted when it was asked about first
    if (replaying) engine.known?.forget()
    const single = left === 1 || replaying
    const before = engine.retired()
    if (!replaying) observer?.enterHere()
    const end = looks && left > betweenLooks ? 'about' : 'exactly'
    const most = end === 'about' ? betweenLooks : left
    if (vmx.inL2) vmx.delivery.keepCr2()
    this.onward.begin(!single && !this.#looksForWindow)
    const stop = single ? engine.run(1, 'stop') : engine.run(most, this.onward.faults, end)
    this.onward.count()
    const retired = engine.retired() > before
    if (replaying && retired && !completion.finished()) completion.clear()
    if (retired && vmx.trapsEach) vmx.state.mtfPending = true
    return this.#stopped(stop, stepping && retired && engine.word('UNSTEPPED') === 0, retired)
  }

  #stopped(stop: EngineStop, stepped: boolean, retired: boolean): VcpuExit | undefined {
    const { engine, debug } = this.#parts
    const met = engine.takeDebugHits()
    if (stop.kind === 'waiting') return this.#waits()
    const hits = met | engine.word('PENDING_DEBUG')
    if (stop.kind === 'exit') {
      const left = exitReasons[stop.reason]
      if (left !== undefined) this.#parts.observer?.leave(left, engine.get('RIP'))
      this.#waitFor(stop.reason)
      if (stop.reason === 'shutdown') return this.#shutDown()
    }
    engine.setWord('PENDING_DEBUG', 0)
    if (stop.kind === 'fault') {
      const { vector, errorCode } = stop
      const { vmx } = this.#parts
      if (vector === secondLevelFault) return vmx.delivery.refused(errorCode ?? 0)
      if (!(vmx.inL2 && vmx.delivery.leaves(vector, errorCode)))
        this.#parts.observer?.exception(vector, errorCode, engine.get('RIP'))
      // what an instruction itself runs into is a fault, and its image has RF: DR7.GD. SDM 3B §18.3.1.1
      if (vector === exceptions.DB.vector) engine.set('RFLAGS', engine.get('RFLAGS') | RF)
      return vmx.inL2
        ? vmx.delivery.met({ vector, errorCode })
        : this.#raise({ vector, errorCode }, deliveryKind.exception)
    }
    const own = debug.dr7 === undefined ? 0 : hits & 0xf
    // exits that follow an instruction come before its traps, and tell of them
    const leaves = this.#parts.vmx.leavesBehind
    if (retired && !leaves && (debug.steps || own !== 0)) return debug.stopped(engine, own)
    if (leaves || this.#behindStackLoad()) {
      engine.set('PENDING_DEBUG', BigInt(hits) | (leaves && stepped ? BS : 0n))
      return stop.kind === 'events' ? { kind: 'intr' } : undefined
    }
    if (hits !== 0 || stepped) return this.#debug(BigInt(hits) | (stepped ? BS : 0n), deliveryKind.trap)
    return stop.kind === 'events' ? { kind: 'intr' } : undefined
  }

  /** HLT comes to KVM unless that is switched off; MWAIT that waits never does. */
  #waitFor(reason: 'none' | 'hlt' | 'mwait' | 'pause' | 'shutdown'): void {
    const { events, switches } = this.#parts
    if (reason === 'pause' && (switches.exitsOff & exitBits.pause) === 0n && this.#onPause()) this.#kicked = true
    if (reason === 'mwait') events.wait(this.#breaksOnInterrupt() ? 'store or interrupt' : 'store')
    if (reason !== 'hlt') return
    if ((switches.exitsOff & exitBits.hlt) !== 0n) return events.wait('interrupt')
    this.#parts.tally.halts += 1
    events.state.mpState = 'halted'
  }

  /** Bit 0 of ECX, of those that MWAIT has let pass. */
  #breaksOnInterrupt(): boolean {
    return (this.#parts.engine.gpr(gprIndex('RCX')) & 1n) === 1n
  }

  /** After MOV SS and POP SS debug exceptions wait for one more instruction. Source: SDM 3A §6.8.3. */
  #behindStackLoad(): boolean {
    const { engine } = this.#parts
    return engine.shadowed && engine.word('SHADOW_KIND') !== 0
  }

  /** The instruction waits for an interrupt, or asks user space; without a question, its bytes are where no memory is. */
  #waits(): VcpuExit | undefined {
    const { completion, engine, vmx } = this.#parts
    const settled = vmx.settle()
    if (settled !== undefined) return settled.exit
    if (this.#leavesSmm) {
      this.#leavesSmm = false
      return this.#parts.smm.leave() ? undefined : { kind: 'shutdown', because: [] }
    }
    if (!this.#parts.events.runnable) return undefined
    const prevented = completion.takePrevented()
    if (prevented !== undefined) return this.#prevented(prevented)
    const failed = completion.takeFailed()
    const asked = completion.stopped(engine)
    if (asked !== undefined) return asked
    if (failed !== undefined && failed.access !== 'fetch') return this.#notEmulated(failed)
    const held = this.#parts.debug.held(engine)
    if (held !== undefined) return held
    return this.#notEmulated(failed)
  }

  #notEmulated(failed: FailedEmulation | undefined): VcpuExit | undefined {
    return notEmulated({ ...this.#parts, state: this.#parts.events.state }, failed)
  }

  /** What keeps the guest from going on is told in place of what comes of that, and of an exit that says nothing. */
  #unlessPrevented<E extends VcpuExit | undefined>(exit: E): E | VcpuExit {
    const says = exit !== undefined && exit.kind !== 'intr' && exit.kind !== 'internal-error'
    return says ? exit : (this.#parts.completion.takePrevented() ?? exit)
  }

  /** The instruction did not happen; answers that it had been given it will be given again. */
  #prevented(exit: VcpuExit): VcpuExit {
    const { completion, engine } = this.#parts
    completion.stopped(engine)
    return exit
  }

  /** While the VMM has breakpoints, the guest's do nothing. */
  #breakpoint(dr7: number): { readonly exit: VcpuExit | undefined } | undefined {
    const { engine, debug } = this.#parts
    const own = debug.met(engine)
    if (own !== undefined) return { exit: own }
    if (debug.dr7 !== undefined) return undefined
    const hits = breakpointsAt(engine, (index) => engine.get(`DR${index}`), dr7)
    return hits === 0 ? undefined : { exit: this.#debug(BigInt(hits), deliveryKind.exception) }
  }

  /** A debug exception: DR6 says why. As an exception it comes before the instruction, as a trap after it. */
  #debug(why: bigint, kind: 0 | 3): VcpuExit | undefined {
    const { engine, events, vmx } = this.#parts
    events.wake()
    if (vmx.inL2) return vmx.delivery.debug(why, kind)
    engine.set('DR6', engine.get('DR6') | why)
    return this.#raise({ vector: exceptions.DB.vector, errorCode: undefined }, kind)
  }

  #raise(event: Pending, kind: number): VcpuExit | undefined {
    const { engine, observer, vmx } = this.#parts
    return vmx.inL2 ? vmx.delivery.raise(event, kind) : deliver(engine, event, kind, observer)
  }

  /** A triple fault that the engine has met by itself. */
  #shutDown(): VcpuExit | undefined {
    const { vmx } = this.#parts
    return vmx.inL2 ? vmx.leave({ reason: vmxExits.TRIPLE_FAULT }) : { kind: 'shutdown', because: [] }
  }
}
