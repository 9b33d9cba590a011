import type { Host } from '@vmm/cpuid'
import { type Profile, type Refusal, type ResolvedPipeline, refusalOf, resolve } from '@vmm/rule'
import { mpStates, type RunOptions, syncRegsPipeline, type Vcpu, type VcpuExit } from '@vmm/vcpu'
import { type Answer, done } from '../answer.ts'
import { inRelease } from '../in-release.ts'
import type { RunCase } from '../rules/run/case.ts'
import { emulationTold } from '../rules/run/emulation-told.behaviour.ts'
import { runBeginPipeline, runGatePipeline, runPriorityPipeline } from '../rules/run/index.ts'
import { runReason } from '../rules/run/reason.behaviour.ts'
import type { RunPage } from '../run-page.ts'
import { untold } from './emulation-failure.ts'
import { interrupted, ruled, unreachable } from './run-refusals.ts'
import type { RunSignals } from './run-signals.ts'

/** The vCPU that is run, and what is around it. */
export interface Running {
  readonly kernel: Profile
  readonly vcpu: Vcpu
  readonly page: RunPage
  readonly signals: RunSignals
  readonly vendorModule: Host['vendorModule']
  /** Whose the interrupt controllers are. */
  localApic(): 'kernel' | 'user space'
  pic(): 'kernel' | 'user space'
  /** Whether there may be page tables for it. */
  pageTables(): RunCase['pageTables']
  /** Enters the guest. */
  enter(options: RunOptions): VcpuExit
  /** The VM is good for nothing any more: every call on it says so. */
  die(why: Refusal): Refusal
  /** A triple fault has ended the guest: what the vendor module leaves of the vCPU. */
  shutDown(): void
}

/**
 * KVM_RUN, step by step as the kernel takes them.
 * Source: arch/x86/kvm/x86.c kvm_arch_vcpu_ioctl_run (Linux 6.1 and 6.12).
 */
export class RunCall {
  readonly #running: Running
  readonly #begin: ResolvedPipeline<RunCase>
  readonly #registers
  readonly #priority: ResolvedPipeline<RunCase>
  readonly #gate: ResolvedPipeline<RunCase>
  readonly #reason
  readonly #emulationTold
  /** What user space was asked, and has to answer. */
  #asked: VcpuExit | undefined
  #runs = false
  /** `immediate_exit`, as it was when the guest was about to be entered. */
  #atOnce = false

  constructor(running: Running) {
    const { kernel } = running
    this.#running = running
    this.#begin = resolve(runBeginPipeline, kernel)
    this.#registers = resolve(syncRegsPipeline, kernel)
    this.#priority = resolve(runPriorityPipeline, kernel)
    this.#gate = resolve(runGatePipeline, kernel)
    this.#reason = inRelease(runReason, kernel)
    this.#emulationTold = inRelease(emulationTold, kernel)
  }

  /** Whether it is under way. */
  get isUnderWay(): boolean {
    return this.#runs
  }

  /** Nobody has been asked anything: the state was set as a whole. */
  clear(): void {
    this.#asked = undefined
  }

  /** Every way out tells the same of the vCPU in `kvm_run`. After so many instructions a signal comes. */
  call(signalAfter: number): Answer<VcpuExit> {
    const { vcpu, page } = this.#running
    const pic = this.#running.pic()
    this.#runs = true
    try {
      page.clearFlags()
      return this.#steps(signalAfter)
    } finally {
      this.#runs = false
      page.leaveRegisters(vcpu.state)
      page.told(vcpu, pic)
    }
  }

  #steps(budget: number): Answer<VcpuExit> {
    const { vcpu, page } = this.#running
    const localApic = this.#running.localApic()
    const uninitialized = vcpu.mpState === mpStates.uninitialized
    const asked = page.runCase({ localApic, uninitialized, pageTables: this.#running.pageTables() })
    if (uninitialized) {
      const waited = this.#wait(asked)
      if (waited !== undefined) return waited
    }
    const unsynced = this.#takeRegisters() ?? refusalOf(this.#priority, asked)
    if (unsynced !== undefined) return unsynced
    if (localApic === 'user space') vcpu.taskPriority = asked.cr8
    const unfinished = this.#finish()
    if (unfinished !== undefined) return this.#out(unfinished, localApic)
    asked.atOnce = page.immediateExit
    const shut = refusalOf(this.#gate, asked)
    if (shut !== undefined) return shut
    page.reason = this.#reason(page.reason)
    this.#atOnce = asked.atOnce
    const { requestInterruptWindow } = page
    const { onPause } = this.#running.signals
    const options = { budget, requestInterruptWindow, interrupted: this.#isWanted, finished: true }
    const exit = this.#running.enter(onPause === undefined ? options : { ...options, onPause })
    return this.#out(exit, localApic)
  }

  /** User space that wants the vCPU back sets `immediate_exit` while the guest runs, and would send a signal. */
  readonly #isWanted = (): boolean => this.#running.page.immediateExit !== this.#atOnce || this.#running.signals.came()

  /** It waits for INIT, and takes what has come. */
  #wait(asked: { -readonly [K in keyof RunCase]: RunCase[K] }): Refusal | undefined {
    const { vcpu, page } = this.#running
    if (!asked.beganAtOnce) {
      asked.woken = vcpu.isSignalled
      vcpu.acceptSignals()
    }
    const refused = refusalOf(this.#begin, asked)
    if (!asked.beganAtOnce && !asked.woken) page.tell({ kind: 'intr' })
    return refused
  }

  #takeRegisters(): Refusal | undefined {
    const { vcpu, page } = this.#running
    const { synced } = page
    if (synced === undefined) return undefined
    const unknown = refusalOf(this.#registers, synced)
    if (unknown !== undefined) return unknown
    const untaken = page.takeRegisters(vcpu.state)
    return untaken === undefined ? undefined : ruled('KVM_RUN', untaken)
  }

  /** What user space has answered is finished: an exit where that comes to another one. */
  #finish(): VcpuExit | undefined {
    const { vcpu, page } = this.#running
    if (this.#asked !== undefined) page.complete(vcpu, this.#asked)
    this.#asked = undefined
    return vcpu.finish()
  }

  /** With what the processor of the host would have told of it. */
  #told(exit: VcpuExit): VcpuExit {
    if (exit.kind !== 'internal-error' || exit.failed === undefined) return exit
    return { ...exit, data: this.#emulationTold(untold(this.#running.vendorModule, exit.failed)) }
  }

  #out(exit: VcpuExit, localApic: RunCase['localApic']): Answer<VcpuExit> {
    const { vcpu, page } = this.#running
    const waits = exit.kind === 'hlt' && (localApic === 'kernel' || vcpu.waitsInGuest)
    if (exit.kind === 'intr' || waits) return interrupted(page)
    if (exit.kind === 'memory-fault') return unreachable(exit, page)
    if (exit.kind === 'failed') return ruled('KVM_RUN', { kind: 'refused', errno: exit.errno, says: exit.says })
    if (asks(exit)) this.#asked = exit
    if (exit.kind === 'vm-dead') return this.#running.die(exit.why)
    // to wait is for user space: whoever runs it again goes on behind HLT
    if (exit.kind === 'hlt') vcpu.state.setMpState({ mp_state: mpStates.runnable })
    if (exit.kind === 'shutdown') this.#running.shutDown()
    const told = this.#told(exit)
    page.tell(told)
    return done(told)
  }
}

/** Whether user space has something to say of an exit before the guest goes on. */
function asks({ kind }: VcpuExit): boolean {
  return kind === 'io' || kind === 'mmio' || kind === 'hypercall' || kind === 'x86-rdmsr' || kind === 'x86-wrmsr'
}
