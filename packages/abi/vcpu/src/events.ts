import type { Refusal } from '@vmm/rule'
import { exceptions } from '@vmm/x86-registers'
import { deliver, deliveryKind } from './delivery.ts'
import type { Engine } from './engine-port.ts'
import { type EventState, quiet } from './event-state.ts'
import { applyPayload } from './exception-payload.ts'
import type { VcpuExit } from './exit.ts'
import type { Pending } from './faults.ts'
import type { VcpuHost } from './guest.ts'
import type { VcpuMachine } from './machine.ts'
import { type AroundL2, leaveBehindWrite, leavesL2, takeAroundL2 } from './nested/l2-events.ts'
import type { VmxOperation } from './nested/vmx-operation.ts'
import type { Observer } from './observer.ts'
import type { Tally } from './tally.ts'

const nothingMonitored = (1n << 64n) - 1n
const noShadow = (1n << 64n) - 1n
/** A VM entry that failed for the guest's state. Source: SDM 3C §26.8, appendix C. */
const invalidGuestState = 0x8000_0021n

interface Parts {
  readonly engine: Engine
  readonly machine: VcpuMachine
  readonly observer: Observer | undefined
  readonly drivenBy: VcpuHost['drivenBy']
  readonly tally: Tally
  /** A debugger keeps NMIs and interrupts off. */
  readonly areBlocked: () => boolean
  /** INIT: registers as the manual says. */
  readonly initialize: () => void
  readonly vmx: VmxOperation
  /** Enters system-management mode. False: the VM is dead. */
  readonly enterSmm: () => Refusal | undefined
}

/** What happens to a vCPU between its instructions: signals, exceptions from outside, NMIs, interrupts. */
export class Events {
  readonly state: EventState = quiet()
  readonly #parts: Parts

  readonly #aroundL2: AroundL2

  constructor(parts: Parts) {
    this.#parts = parts
    this.#aroundL2 = { ...parts, state: this.state }
  }

  /** Whether instructions are to be executed. */
  get runnable(): boolean {
    return this.state.mpState === 'runnable'
  }

  /** Whether `take` would leave it with instructions to execute; signals that wait have been taken. */
  get isReady(): boolean {
    const { machine, engine } = this.#parts
    const { state } = this
    if (this.#parts.vmx.inL2 && leavesL2(this.#aroundL2)) return true
    if (this.runnable || state.tripleFault || this.#waitIsOver()) return true
    if (this.#waitsForStartup()) return false
    const interrupted = machine.interruptPending() && engine.interruptible
    return interrupted || state.unhalted || state.interrupt !== undefined || this.#takesSmi() || this.#takesNmi()
  }

  /** Whether anything is on its way that `take` would look at, but for what is L2's or L1's own. */
  get waits(): boolean {
    const { state } = this
    const { machine } = this.#parts
    if (state.tripleFault || state.initPending || state.startup !== undefined || state.smiPending) return true
    if (state.nmiInjected || state.nmiPending > 0 || state.interrupt !== undefined || state.unhalted) return true
    return !this.runnable || state.exception.stage !== 'none' || machine.interruptPending()
  }

  /** IRET has not come since the last NMI. */
  get nmiBlocked(): boolean {
    return this.#parts.engine.word('NMI_BLOCKED') !== 0
  }

  set nmiBlocked(blocked: boolean) {
    this.#parts.engine.setWord('NMI_BLOCKED', blocked ? 1 : 0)
  }

  /** Whether instructions must be taken one by one until what waits can be taken. */
  get waitsClosely(): boolean {
    const { engine, machine, vmx } = this.#parts
    if (vmx.trapsEach || (vmx.wantsInterruptWindow && engine.shadowed) || vmx.wantsNmiWindow) return true
    const waits = machine.interruptPending() || this.state.nmiPending > 0
    if (this.#parts.areBlocked()) return false
    if (this.#takesSmi() || vmx.waitsClosely(waits)) return true
    return (waits && engine.shadowed) || (this.state.nmiPending > 0 && this.nmiBlocked)
  }

  /** An NMI arrives. Two can wait, one while they are blocked. Source: arch/x86/kvm/x86.c process_nmi. */
  nmi(): void {
    this.state.nmiPending = Math.min(this.state.nmiPending + 1, this.nmiBlocked || this.state.nmiInjected ? 1 : 2)
    this.#parts.engine.resync()
  }

  /** An SMI arrives. */
  smi(): void {
    this.state.smiPending = true
    this.#parts.engine.resync()
  }

  #takesSmi(): boolean {
    return this.state.smiPending && !this.state.smm && !this.#waitsForStartup()
  }

  /** Another processor wants it to go on behind HLT. */
  unhalt(): void {
    this.state.unhalted = true
    this.#parts.engine.resync()
  }

  /** INIT arrives. */
  init(): void {
    this.state.initPending = true
    this.state.startup = undefined
    this.#parts.engine.resync()
  }

  /** A startup signal arrives; it counts only while waited for. */
  startup(vector: number): void {
    this.state.startup = vector & 0xff
    this.#parts.engine.resync()
  }

  /** Takes what the architecture takes before the next instruction. An exit where that goes wrong. */
  take(): VcpuExit | undefined {
    this.acceptSignals()
    const { state } = this
    const { vmx } = this.#parts
    const aborted = vmx.inL2 ? takeAroundL2(this.#aroundL2) : undefined
    if (aborted !== undefined) return aborted
    if (state.tripleFault) {
      state.tripleFault = false
      return { kind: 'shutdown', because: [] }
    }
    if (this.#waitIsOver() || (state.unhalted && state.mpState === 'halted')) this.wake()
    if (this.#entryFails()) return { kind: 'fail-entry', reason: invalidGuestState }
    const again = this.#takeInjected()
    if (again !== undefined) return this.#raise(again.event, again.kind) ?? (vmx.inL2 ? this.take() : undefined)
    if (this.#parts.areBlocked()) return this.#passOver()
    if (this.#takesSmi()) {
      state.smiPending = false
      this.wake()
      const why = this.#parts.enterSmm()
      return why === undefined ? undefined : { kind: 'vm-dead', why }
    }
    if (this.#takesNmi()) {
      state.nmiPending -= 1
      this.wake()
      this.nmiBlocked = true
      this.#parts.tally.nmis += 1
      return this.#raise({ vector: exceptions.NMI.vector, errorCode: undefined }, deliveryKind.external)
    }
    return this.#takeInterrupt()
  }

  /** What follows a write of L2's to its virtual APIC is over. An exit where that goes wrong. */
  leaveBehind(): VcpuExit | undefined {
    return this.#parts.vmx.inL2 ? leaveBehindWrite(this.#aroundL2) : undefined
  }

  /** INIT and startup signals that have arrived take effect. Source: arch/x86/kvm/lapic.c kvm_apic_accept_events. */
  acceptSignals(): void {
    const { state } = this
    const { engine, machine, vmx } = this.#parts
    if (vmx.inL2) return
    if (state.smm || vmx.state.vmxon) {
      // INIT waits until SMM is left, or VMX operation; a startup signal has come in vain
      state.startup = undefined
      return
    }
    if (state.initPending) {
      state.initPending = false
      const { startup } = state
      this.#parts.initialize()
      // what came behind INIT is not forgotten with what came before
      state.startup = startup
      state.mpState = machine.localApic?.bootstrap === false ? 'init-received' : 'runnable'
    }
    if (state.startup === undefined) return
    const vector = state.startup
    state.startup = undefined
    if (state.mpState !== 'init-received') return
    engine.set('CS.selector', BigInt(vector << 8))
    engine.set('CS.base', BigInt(vector << 12))
    engine.set('RIP', 0n)
    engine.modeChanged()
    state.mpState = 'runnable'
  }

  /** Nothing is on its way any more. */
  clear(): void {
    Object.assign(this.state, { ...quiet(), mpState: this.state.mpState })
    this.#parts.engine.addressSpace = 'ordinary'
  }

  /** A halted processor goes on. */
  wake(): void {
    if (!this.runnable) this.state.unhalted = false
    if (this.state.mpState === 'halted' || this.state.mpState === 'ap-reset-hold') this.state.mpState = 'runnable'
    this.stopWaiting()
  }

  /** The instruction at RIP waits for an interrupt: an x87 error has been told outside. Source: SDM 1 §8.7.2. */
  freeze(): void {
    this.state.mpState = 'halted'
    // it would never come to an end that the shadow of STI could wait for
    this.#parts.engine.set('SHADOW', noShadow)
  }

  /** The guest begins to wait by itself: as after HLT, but a store to the line that MWAIT watches ends it, too. */
  wait(until: 'interrupt' | 'store' | 'store or interrupt'): void {
    this.state.mpState = 'halted'
    this.state.waitsFor = until
  }

  /** What MWAIT waited for does not count any more; the next one wants a MONITOR of its own. */
  stopWaiting(): void {
    const { waitsFor } = this.state
    this.state.waitsFor = undefined
    if (waitsFor === undefined || waitsFor === 'interrupt') return
    this.#parts.engine.set('MONITOR', nothingMonitored)
  }

  /** Whether an interrupt that came now would let a halted processor go on. */
  get wakesOnInterrupt(): boolean {
    const { engine, vmx } = this.#parts
    return engine.interruptible || vmx.interruptsExit || this.state.waitsFor === 'store or interrupt'
  }

  #waitIsOver(): boolean {
    const { engine, machine } = this.#parts
    const { waitsFor } = this.state
    if (waitsFor === undefined || waitsFor === 'interrupt') return false
    return (
      engine.get('MONITOR') === nothingMonitored || (waitsFor === 'store or interrupt' && machine.interruptPending())
    )
  }

  /** What would be taken wakes a halted processor and waits. Source: arch/x86/kvm/x86.c, KVM_GUESTDBG_BLOCKIRQ. */
  #passOver(): undefined {
    const { engine, machine } = this.#parts
    engine.eventPending = false
    if (
      this.#takesSmi() ||
      this.#takesNmi() ||
      (machine.interruptPending() && engine.interruptible && !this.#waitsForStartup())
    )
      this.wake()
  }

  #takesNmi(): boolean {
    if (this.state.nmiPending === 0 || this.#waitsForStartup()) return false
    return !this.nmiBlocked && !this.#parts.engine.shadowed
  }

  #skip(bytes: bigint): void {
    const { engine } = this.#parts
    engine.set('RIP', engine.get('RIP') + bytes)
  }

  #waitsForStartup(): boolean {
    return this.state.mpState === 'uninitialized' || this.state.mpState === 'init-received'
  }

  /** VMX gives a guest no external interrupt that has switched them off; and it stays to be given. Source: SDM 3C §26.3.1.4. */
  #entryFails(): boolean {
    const { drivenBy, engine } = this.#parts
    const { interrupt, exception, nmiInjected } = this.state
    if (drivenBy !== 'vmx' || interrupt === undefined || !this.runnable) return false
    return exception.stage === 'none' && !nmiInjected && !engine.interruptFlag
  }

  /** What user space has put in comes first, and asks no flags. Of that only an interrupt wakes who is halted. */
  #takeInjected(): { readonly event: Pending; readonly kind: number } | undefined {
    const { state } = this
    if (!this.runnable) return this.#takeQueued()
    const event = state.exception
    if (event.stage !== 'none') {
      applyPayload(this.#parts.engine, event)
      state.exception = { ...event, stage: 'none', payload: undefined }
      // INT3 is one byte long, and goes on behind itself
      if (event.vector === exceptions.BP.vector) this.#skip(1n)
      // its RFLAGS and RIP are as its delivery wants them: a trap's way
      return { event, kind: deliveryKind.trap }
    }
    if (state.nmiInjected) {
      state.nmiInjected = false
      this.#parts.tally.nmis += 1
      return { event: { vector: exceptions.NMI.vector, errorCode: undefined }, kind: deliveryKind.external }
    }
    return this.#takeQueued()
  }

  #takeQueued(): { readonly event: Pending; readonly kind: number } | undefined {
    const { state } = this
    const vector = state.interrupt
    if (vector === undefined || this.#waitsForStartup()) return undefined
    state.interrupt = undefined
    this.wake()
    this.#parts.tally.interrupts += 1
    return { event: { vector, errorCode: undefined }, kind: deliveryKind.external }
  }

  #takeInterrupt(): VcpuExit | undefined {
    const { engine, machine, observer, vmx } = this.#parts
    if (vmx.apic.interrupts.isRecognized) return this.#takeVirtual()
    const waiting = machine.interruptPending()
    const taken = waiting && engine.interruptible && !this.#waitsForStartup()
    engine.eventPending = waiting && !taken
    if (!taken) return undefined
    this.wake()
    const vector = machine.acknowledge()
    this.#parts.tally.interrupts += 1
    observer?.interrupt(vector, engine.get('RIP'))
    return this.#raise({ vector, errorCode: undefined }, deliveryKind.external)
  }

  /** An interrupt of L2 that its processor delivers: it comes before others'. Source: SDM 3C 30.2.2. */
  #takeVirtual(): VcpuExit | undefined {
    const { engine, observer, vmx } = this.#parts
    const taken = engine.interruptible && !this.#waitsForStartup()
    engine.eventPending = !taken
    if (!taken) return undefined
    this.wake()
    const vector = vmx.apic.interrupts.take()
    observer?.interrupt(vector, engine.get('RIP'))
    return this.#raise({ vector, errorCode: undefined }, deliveryKind.external) ?? this.take()
  }

  #raise(event: Pending, kind: number): VcpuExit | undefined {
    const { engine, observer, vmx } = this.#parts
    return vmx.inL2 ? vmx.delivery.raise(event, kind) : deliver(engine, event, kind, observer)
  }
}
