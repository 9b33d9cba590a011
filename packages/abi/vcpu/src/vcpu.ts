import { type CpuidTable, type Feature, findEntry, lookup, runtimeUpdate, vendorRulesOf } from '@vmm/cpuid'
import type { MsrFile, MsrHome } from '@vmm/msr'
import { exceptions, type StateField } from '@vmm/x86-registers'
import { breakpointsAt, instructionBreakpoints } from './breakpoints.ts'
import type { Engine, EnginePorts, EngineStop, Fault } from './engine-port.ts'
import type { Fatality, VcpuExit } from './exit.ts'
import { escalate, type Pending } from './faults.ts'
import { Observer } from './observer.ts'
import { resetState } from './reset.ts'
import type { ExitReason, Trace } from './trace.ts'

/** The machine around one vCPU. */
export interface VcpuMachine {
  portIn(port: number, size: 1 | 2 | 4): number
  portOut(port: number, size: 1 | 2 | 4, value: number): void
  mmioRead(address: number, size: 1 | 2 | 4 | 8): bigint
  mmioWrite(address: number, size: 1 | 2 | 4 | 8, value: bigint): void
  /** The time-stamp counter now. */
  timeStamp(): bigint
  setTimeStamp(value: bigint): void
  random(): bigint
  /** Whether a maskable interrupt waits. */
  interruptPending(): boolean
  /** Takes it: its vector. */
  acknowledge(): number
  /** The local APIC's MSRs: IA32_APIC_BASE, IA32_TSC_DEADLINE and x2APIC. `undefined` and `false` are #GP(0). */
  readApicMsr(index: number): bigint | undefined
  writeApicMsr(index: number, value: bigint): boolean
  taskPriority: number
  /** A paravirtual clock register was written: 4B564D00H, 4B564D01H and their old numbers. */
  writePvClock(index: number, value: bigint): void
  hypercall(): void
}

/** What a vCPU is made of, and the surroundings it runs in. */
export interface VcpuOptions {
  readonly cpuid: CpuidTable
  readonly has: (feature: Feature) => boolean
  /** Makes the MSR file; registers that live elsewhere are read through what it is given. */
  readonly createMsrs: (readElsewhere: (home: MsrHome, index: number) => bigint) => MsrFile
  readonly machine: VcpuMachine
  readonly physicalAddressWidth: number
  readonly createEngine: (ports: EnginePorts) => Engine
  /** Told of MSRs that were refused. */
  readonly onRefusedMsr?: (access: 'read' | 'write', index: number, says: string) => void
  readonly trace?: Trace
  /** Told of every exit, traced or not. */
  readonly onExit?: (reason: ExitReason) => void
}

/** RFLAGS.TF and RF; DR6.BS. */
const TF = 1n << 8n
const RF = 1n << 16n
const BS = 1n << 14n

/** What leaves the guest when the engine stops for it. */
const exitReasons: Readonly<Partial<Record<Extract<EngineStop, { kind: 'exit' }>['reason'], ExitReason>>> = {
  hlt: 'HLT',
  mwait: 'MWAIT_INSTRUCTION',
  shutdown: 'TRIPLE_FAULT',
}

const generalProtection: Fault = { kind: 'fault', vector: 13, errorCode: 0 }

const fieldOfHome: { readonly [H in MsrHome]?: StateField } = {
  'engine:EFER': 'IA32_EFER',
  'engine:STAR': 'IA32_STAR',
  'engine:LSTAR': 'IA32_LSTAR',
  'engine:CSTAR': 'IA32_CSTAR',
  'engine:FMASK': 'IA32_FMASK',
  'engine:FS_BASE': 'FS.base',
  'engine:GS_BASE': 'GS.base',
  'engine:KERNEL_GS_BASE': 'IA32_KERNEL_GS_BASE',
  'engine:TSC_AUX': 'IA32_TSC_AUX',
  'engine:SYSENTER_CS': 'IA32_SYSENTER_CS',
  'engine:SYSENTER_ESP': 'IA32_SYSENTER_ESP',
  'engine:SYSENTER_EIP': 'IA32_SYSENTER_EIP',
  'engine:XSS': 'IA32_XSS',
}

/** One virtual CPU: its tables, its events and its run loop, over any engine. */
export class Vcpu {
  readonly engine: Engine
  readonly #options: VcpuOptions
  readonly #machine: VcpuMachine
  readonly #observer: Observer | undefined
  readonly #msrs: MsrFile
  readonly #answers = new Map<number, readonly [number, number, number, number]>()
  #table: CpuidTable
  #nmiPending = false
  #nmiBlocked = false
  #halted = false
  readonly #pvValues = new Map<number, bigint>()

  constructor(options: VcpuOptions) {
    const vcpu = this
    this.#options = options
    this.#machine = options.machine
    this.#msrs = options.createMsrs((home, index) => this.#elsewhere(home, index))
    this.#table = options.cpuid
    const ports = this.#ports()
    if (options.trace !== undefined || options.onExit !== undefined) {
      this.#observer = new Observer(options, {
        get engine() {
          return vcpu.engine
        },
        interruptDue: () => this.#machine.interruptPending() && this.engine.interruptible,
      })
    }
    this.engine = options.createEngine(this.#observer?.ports(ports) ?? ports)
    resetState(this.engine, options)
    this.cpuidChanged()
  }

  /** Runs at most `budget` instructions, taking events where the architecture does. */
  run({ budget }: { readonly budget: number }): VcpuExit {
    const end = this.engine.retired() + budget
    for (;;) {
      const dead = this.#takeEvents()
      if (dead !== undefined) return dead
      if (this.#halted) return { kind: 'hlt' }
      const left = end - this.engine.retired()
      if (left <= 0) {
        this.#observer?.leave('PREEMPTION_TIMER', this.engine.get('RIP'))
        return { kind: 'intr' }
      }
      const exit = this.#slice(left)
      if (exit !== undefined) return exit
    }
  }

  /** Runs until something must be looked at. In an interrupt shadow, or single-stepping, that is one instruction. */
  #slice(left: number): VcpuExit | undefined {
    const waits = this.#machine.interruptPending() || this.#nmiPending
    const flags = this.engine.get('RFLAGS')
    const stepping = (flags & TF) !== 0n
    const resuming = (flags & RF) !== 0n
    const breakpoints = instructionBreakpoints(this.engine)
    const met = resuming ? 0 : breakpointsAt(this.engine, breakpoints)
    if (met !== 0) return this.#debug(BigInt(met), 0)
    const single = stepping || resuming || breakpoints.length > 0 || (waits && this.engine.shadowed)
    const before = this.engine.retired()
    this.#observer?.enter(this.engine.get('RIP'))
    const stop = this.engine.run(single ? 1 : left)
    if (resuming && this.engine.retired() > before) this.#resumed(stop)
    const hits = this.engine.takeDebugHits()
    if (hits !== 0 && stop.kind !== 'fault') return this.#debug(BigInt(hits) | (stepping ? BS : 0n), 3)
    switch (stop.kind) {
      case 'exit':
        return this.#exited(stop.reason)
      case 'fault':
        this.#observer?.exception(stop.vector, stop.errorCode, this.engine.get('RIP'))
        return this.#raise({ vector: stop.vector, errorCode: stop.errorCode })
      default:
        if (stepping && this.engine.retired() > before) return this.#debug(BS, 3)
        return stop.kind === 'events' ? { kind: 'intr' } : undefined
    }
  }

  #exited(reason: 'none' | 'hlt' | 'mwait' | 'pause' | 'shutdown'): VcpuExit | undefined {
    const left = exitReasons[reason]
    if (left !== undefined) this.#observer?.leave(left, this.engine.get('RIP'))
    if (reason === 'hlt') this.#halted = true
    return reason === 'shutdown' ? { kind: 'shutdown', because: [] } : undefined
  }

  /** RF lasts for one instruction, unless that one has just set it again. */
  #resumed(stop: EngineStop): void {
    const flags = this.engine.get('RFLAGS')
    if (stop.kind !== 'fault') this.engine.set('RFLAGS', flags & ~RF)
  }

  /** A debug exception: DR6 says why. `kind` 0 is a fault, before the instruction; 3 a trap, after it. */
  #debug(why: bigint, kind: 0 | 3): VcpuExit | undefined {
    this.engine.set('DR6', this.engine.get('DR6') | why)
    return this.#raise({ vector: exceptions.DB.vector, errorCode: undefined }, kind)
  }

  /** NMI, then maskable interrupts. A shutdown while delivering ends the run. */
  #takeEvents(): VcpuExit | undefined {
    if (this.#nmiPending && !this.#nmiBlocked && !this.engine.shadowed) {
      this.#nmiPending = false
      this.#nmiBlocked = true
      this.#halted = false
      return this.#raise({ vector: exceptions.NMI.vector, errorCode: undefined }, 2)
    }
    const waiting = this.#machine.interruptPending()
    const taken = waiting && this.engine.interruptible
    this.engine.eventPending = waiting && !taken
    if (!taken) return undefined
    this.#halted = false
    const vector = this.#machine.acknowledge()
    this.#observer?.interrupt(vector, this.engine.get('RIP'))
    return this.#raise({ vector, errorCode: undefined }, 2)
  }

  /** Delivers an exception or interrupt, and what its delivery runs into. */
  #raise(first: Pending, kind = 0): VcpuExit | undefined {
    const because: Fatality[] = []
    const rip = this.engine.get('RIP')
    let now: Pending = first
    let how = kind
    for (;;) {
      because.push({ ...now, rip })
      const isFault = how === 0 && now.vector !== exceptions.BP.vector && now.vector !== exceptions.OF.vector
      const flags = this.engine.get('RFLAGS')
      // the image of a fault has RF set, so that an instruction breakpoint does not fire again
      if (isFault && now.vector !== exceptions.DB.vector) this.engine.set('RFLAGS', flags | 0x1_0000n)
      const met = this.engine.deliver(now.vector, how, now.errorCode, rip)
      if (met === undefined) return undefined
      this.engine.set('RFLAGS', flags)
      this.engine.set('RIP', rip)
      const next = how === 0 ? escalate(now, met) : met
      if (next === 'shutdown') {
        this.#observer?.leave('TRIPLE_FAULT', rip)
        return { kind: 'shutdown', because: [...because, { ...met, rip }] }
      }
      now = next
      how = 0
    }
  }

  /** An NMI arrives. */
  injectNmi(): void {
    this.#nmiPending = true
    this.engine.resync()
  }

  /** Something about CPUID's runtime bits may have changed: they follow CR4, XCR0, IA32_XSS and IA32_APIC_BASE. */
  cpuidChanged(): void {
    this.#table = runtimeUpdate(this.#options.cpuid, {
      cr4: this.engine.get('CR4'),
      xcr0: this.engine.get('XCR0'),
      xss: this.engine.get('IA32_XSS'),
      apicBase: this.#machine.readApicMsr(0x1b) ?? 0n,
    })
    this.#answers.clear()
  }

  #cpuid(leaf: number, subleaf: number): readonly [number, number, number, number] {
    this.cpuidChanged()
    const [wanted, index] = [leaf >>> 0, subleaf >>> 0]
    const { eax, ebx, ecx, edx } = lookup(this.#table, wanted, index, vendorRulesOf(this.#table))
    const answer = [eax, ebx, ecx, edx] as const
    if (this.#options.trace !== undefined) {
      const found = findEntry(this.#table, wanted, index) !== undefined
      this.#options.trace({ kind: 'kvm_cpuid', function: wanted, index, answer, found })
    }
    return answer
  }

  #readMsr(index: number): bigint | Fault {
    const answer = this.#msrs.read(index)
    switch (answer.kind) {
      case 'value':
        return answer.value
      case 'refused':
        this.#options.onRefusedMsr?.('read', index, answer.says)
        return generalProtection
      default:
        return this.#readHome(answer.kept, index)
    }
  }

  #readHome(home: MsrHome, index: number): bigint | Fault {
    const field = fieldOfHome[home]
    if (field !== undefined) return this.engine.get(field)
    if (home === 'apic') return this.#machine.readApicMsr(index) ?? generalProtection
    if (home === 'clock:TSC') return this.#machine.timeStamp()
    return this.#pvValues.get(index) ?? 0n
  }

  #elsewhere(home: MsrHome, index: number): bigint {
    const value = this.#readHome(home, index)
    return typeof value === 'bigint' ? value : 0n
  }

  #writeMsr(index: number, value: bigint): Fault | undefined {
    const wide = (this.engine.get('CR4') & 0x1000n) !== 0n
    const answer = this.#msrs.write(index, value, {
      initiator: 'guest',
      cr0Paging: (this.engine.get('CR0') & 0x8000_0000n) !== 0n,
      linearAddressWidth: wide ? 57 : 48,
    })
    switch (answer.kind) {
      case 'stored':
        return undefined
      case 'refused':
        this.#options.onRefusedMsr?.('write', index, answer.says)
        return generalProtection
      default:
        return this.#writeHome(answer.kept, index, answer.value)
    }
  }

  #writeHome(home: MsrHome, index: number, value: bigint): Fault | undefined {
    const field = fieldOfHome[home]
    if (field !== undefined) {
      this.engine.set(field, value)
      return undefined
    }
    if (home === 'apic') return this.#machine.writeApicMsr(index, value) ? undefined : generalProtection
    if (home === 'clock:TSC') {
      this.#machine.setTimeStamp(value)
      return undefined
    }
    this.#pvValues.set(index, value)
    if (home === 'kvmclock') this.#machine.writePvClock(index, value)
    return undefined
  }

  #writeXcr(index: number, value: bigint): Fault | undefined {
    const supported = this.#supportedXcr0()
    const legal =
      index === 0 && (value & 1n) !== 0n && (value & ~supported) === 0n && !((value & 4n) !== 0n && (value & 2n) === 0n)
    if (!legal) return generalProtection
    this.engine.set('XCR0', value)
    return undefined
  }

  #supportedXcr0(): bigint {
    const { eax, edx } = lookup(this.#options.cpuid, 0x0d, 0, 'intel')
    return (BigInt(edx) << 32n) | BigInt(eax)
  }

  #ports(): EnginePorts {
    const machine = this.#machine
    return {
      cpuid: (leaf, subleaf) => this.#cpuid(leaf, subleaf),
      readMsr: (index) => this.#readMsr(index),
      writeMsr: (index, value) => this.#writeMsr(index, value),
      portIn: (port, size) => machine.portIn(port, size),
      portOut: (port, size, value) => machine.portOut(port, size, value),
      mmioRead: (address, size) => machine.mmioRead(address, size),
      mmioWrite: (address, size, value) => machine.mmioWrite(address, size, value),
      timeStamp: () => machine.timeStamp(),
      random: () => machine.random(),
      taskPriority: () => machine.taskPriority,
      setTaskPriority: (value) => {
        machine.taskPriority = value
      },
      hypercall: () => machine.hypercall(),
      writeXcr: (index, value) => this.#writeXcr(index, value),
    }
  }
}
