import { vmcs12Offsets as at, exitNumbers, type LiveVmcs12 } from '@vmm/nested-vmx'
import type { VmxMnemonic } from '@vmm/x86-semantics'
import type { Engine, EnginePorts } from './engine-port.ts'
import type { ExitLevels, ExitReason, GuestLevel, Trace } from './trace.ts'

/** Who watches a vCPU: every exit by its reason, and, where asked for, every event. */
export interface Watchers {
  /** Told of every exit, and of who was left for whom; of those for one reason, of several at once. */
  readonly onExit?: (reason: ExitReason, count: number, levels: ExitLevels) => void
  readonly trace?: Trace
}

/** What an observer looks at. */
export interface Observed {
  /** It is made after whoever observes it. */
  engine(): Engine
  /** Whose instructions run. */
  level(): GuestLevel
  /** Whether an interrupt will be taken before the next instruction, or somebody has asked for the guest to be left. */
  interruptDue(): boolean
  /** Whether an instruction runs again because user space has answered it: its exit has been told. */
  replaying(): boolean
}

interface Details {
  readonly info?: bigint
  readonly interruption?: number
  readonly errorCode?: number
}

/**
 * Tells a run as the kernel's tracepoints would: exits and entries in turn, with what happened in between. What hardware would
 * do without leaving the guest, but for exceptions, is no exit.
 */
export class Observer {
  readonly #watchers: Watchers
  readonly #observed: Observed
  #inside = false

  constructor(watchers: Watchers, observed: Observed) {
    this.#watchers = watchers
    this.#observed = observed
  }

  /** The guest is about to run on from an address. */
  enter(rip: bigint, level: GuestLevel = this.#observed.level()): void {
    if (this.#inside) return
    this.#inside = true
    this.#watchers.trace?.({ kind: 'kvm_entry', level, rip })
  }

  /** The same, where it was left. */
  enterHere(): void {
    if (this.#inside) return
    if (this.traces) this.enter(this.#observed.engine().get('RIP'))
    this.#inside = true
  }

  /** The guest was left at an address. */
  leave(reason: ExitReason, rip: bigint, { info = 0n, interruption = 0, errorCode = 0 }: Details = {}): void {
    this.enter(rip)
    this.#inside = false
    this.#count(reason, 1)
    const level = this.#observed.level()
    this.#watchers.trace?.({ kind: 'kvm_exit', level, reason, rip, info, interruption, errorCode })
  }

  /** L2 is left for L1, which finds this in its VMCS. Where it was is looked at by traces alone. */
  left(vmcs: LiveVmcs12, rip: bigint): void {
    this.enter(rip, 'L2')
    this.#inside = false
    const reason = nameOf(vmcs.wordAt(at.VM_EXIT_REASON))
    this.#watchers.onExit?.(reason, 1, 'L2 to L1')
    this.#watchers.trace?.({
      kind: 'kvm_nested_vmexit_inject',
      reason,
      info: vmcs.read('EXIT_QUALIFICATION'),
      vectoring: vmcs.word('IDT_VECTORING_INFO_FIELD'),
      interruption: vmcs.word('VM_EXIT_INTR_INFO'),
      errorCode: vmcs.word('VM_EXIT_INTR_ERROR_CODE'),
    })
  }

  /** An interrupt goes in. Whoever is still inside was waiting for the window. */
  interrupt(vector: number, rip: bigint): void {
    if (this.#inside) this.leave('INTERRUPT_WINDOW', rip)
    this.#watchers.trace?.({ kind: 'kvm_inj_virq', vector })
    this.enter(rip)
  }

  /** An exception goes in: one that the guest met, unless an exit's answer was to raise it. */
  exception(vector: number, errorCode: number | undefined, rip: bigint): void {
    if (this.#inside) {
      const info = vector === pageFault ? this.#observed.engine().get('CR2') : 0n
      this.leave('EXCEPTION_NMI', rip, { info, ...interruptionOf(vector, errorCode) })
    }
    this.#watchers.trace?.({ kind: 'kvm_inj_exception', vector, errorCode })
    this.enter(rip)
  }

  /** Whether events are told one by one. */
  get traces(): boolean {
    return this.#watchers.trace !== undefined
  }

  /** So many exceptions went in while nobody was told of each. */
  delivered(count: number): void {
    if (count > 0) this.#count('EXCEPTION_NMI', count)
  }

  /** So many exits were answered while nobody was told of each. */
  unasked(reason: ExitReason, count: number): void {
    this.#count(reason, count)
  }

  /** Exits to L0. */
  #count(reason: ExitReason, count: number): void {
    this.#watchers.onExit?.(reason, count, this.#observed.level() === 'L2' ? 'L2 to L0' : 'L1 to L0')
  }

  /** The same ports, with an exit for each use of one. */
  ports(ports: EnginePorts): EnginePorts {
    const { trace } = this.#watchers
    return trace === undefined ? this.#counted(ports) : this.#traced(ports, trace)
  }

  /** Nobody wants to know more than how many exits there are. */
  #counted(ports: EnginePorts): EnginePorts {
    return {
      ...ports,
      cpuid: (leaf, subleaf) => this.#behind(this.#before('CPUID'), ports.cpuid(leaf, subleaf)),
      readMsr: (index) => this.#behind(this.#before('MSR_READ'), ports.readMsr(index)),
      writeMsr: (index, data) => this.#behind(this.#before('MSR_WRITE'), ports.writeMsr(index, data)),
      portIn: (port, size, count) => this.#behind(this.#before('IO_INSTRUCTION'), ports.portIn(port, size, count)),
      portOut: (port, size, value, by) =>
        this.#behind(this.#before('IO_INSTRUCTION'), ports.portOut(port, size, value, by)),
      mmioRead: (address, size, purpose) =>
        this.#behind(this.#before('EPT_MISCONFIG'), ports.mmioRead(address, size, purpose)),
      mmioWrite: (address, size, value) =>
        this.#behind(this.#before('EPT_MISCONFIG'), ports.mmioWrite(address, size, value)),
      hypercall: (instruction) => this.#behind(this.#before('VMCALL'), ports.hypercall(instruction)),
      vmx: (instruction, first, second, third) =>
        this.#behind(this.#operated(instruction), ports.vmx(instruction, first, second, third)),
      writeXcr: (index, value) => this.#behind(this.#before('XSETBV'), ports.writeXcr(index, value)),
    }
  }

  /** Counts an instruction of VMX. What reads and writes a VMCS, KVM lets the processor do in a shadow of it. */
  #operated(instruction: VmxMnemonic): boolean {
    const reason = exitOf(instruction)
    return reason !== undefined && this.#before(reason)
  }

  /** Counts an exit. False where it has been counted. */
  #before(reason: ExitReason): boolean {
    if (this.#observed.replaying()) return false
    this.#inside = false
    this.#count(reason, 1)
    return true
  }

  /** The guest goes on behind an exit that was counted, unless something is to be injected first. */
  #behind<T>(counted: boolean, answer: T): T {
    if (counted && !staysOut(answer) && !this.#observed.replaying() && !this.#observed.interruptDue())
      this.#inside = true
    return answer
  }

  #traced(ports: EnginePorts, trace: Trace): EnginePorts {
    return {
      ...ports,
      cpuid: (leaf, subleaf) => this.#exit('CPUID', 0n, () => ports.cpuid(leaf, subleaf)),
      readMsr: (index) =>
        this.#exit('MSR_READ', 0n, () => {
          const data = ports.readMsr(index)
          const exception = typeof data !== 'bigint'
          trace({ kind: 'kvm_msr', write: false, index, data: exception ? 0n : data, exception })
          return data
        }),
      writeMsr: (index, data) =>
        this.#exit('MSR_WRITE', 0n, () => {
          const refused = ports.writeMsr(index, data)
          trace({ kind: 'kvm_msr', write: true, index, data, exception: refused !== undefined })
          return refused
        }),
      portIn: (port, size, count) =>
        this.#exit('IO_INSTRUCTION', portQualification(port, size, 1n), () => {
          const value = ports.portIn(port, size, count)
          if (value !== undefined) trace({ kind: 'kvm_pio', write: false, port, size, value })
          return value
        }),
      portOut: (port, size, value, by) =>
        this.#exit('IO_INSTRUCTION', portQualification(port, size, 0n), () => {
          if (!this.#observed.replaying()) trace({ kind: 'kvm_pio', write: true, port, size, value })
          return ports.portOut(port, size, value, by)
        }),
      mmioRead: (address, size, purpose) =>
        this.#exit('EPT_MISCONFIG', 0n, () => {
          const value = ports.mmioRead(address, size, purpose)
          if (value !== undefined) trace({ kind: 'kvm_mmio', write: false, address, size, value })
          return value
        }),
      mmioWrite: (address, size, value) =>
        this.#exit('EPT_MISCONFIG', 0n, () => {
          trace({ kind: 'kvm_mmio', write: true, address, size, value })
          ports.mmioWrite(address, size, value)
        }),
      hypercall: (instruction) => this.#exit('VMCALL', 0n, () => ports.hypercall(instruction)),
      vmx: (instruction, ...operands) => {
        const [reason, answer] = [exitOf(instruction), () => ports.vmx(instruction, ...operands)]
        return reason === undefined ? answer() : this.#exit(reason, 0n, answer)
      },
      writeXcr: (index, value) => this.#exit('XSETBV', 0n, () => ports.writeXcr(index, value)),
    }
  }

  /** Out for the instruction under execution, and in again behind it, unless something is to be injected first. */
  #exit<T>(reason: ExitReason, info: bigint, answer: () => T): T {
    const engine = this.#observed.engine()
    if (this.#observed.replaying()) return answer()
    const { rip, next } = engine.executing()
    this.leave(reason, rip, { info })
    const answered = answer()
    const goesOn = !staysOut(answered) && !this.#observed.replaying() && !this.#observed.interruptDue()
    if (goesOn) this.enter(next)
    return answered
  }
}

const pageFault = 14

const names: (ExitReason | undefined)[] = []
for (const [name, reason] of Object.entries(exitNumbers)) names[reason] = name as ExitReason
const nameOf = (reason: number): ExitReason => names[reason] ?? 'INVALID_STATE'

/** Whether what comes next is no entry behind the instruction: a fault of it, or L2. */
function staysOut(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false
  const { kind } = answer as { kind?: unknown }
  return kind === 'fault' || kind === 'entered' || kind === 'elsewhere'
}

function exitOf(instruction: VmxMnemonic): ExitReason | undefined {
  switch (instruction) {
    case 'VMREAD':
    case 'VMWRITE':
      return undefined
    case 'VMXON':
      return 'VMON'
    case 'VMXOFF':
      return 'VMOFF'
    default:
      return instruction
  }
}

/** Valid, a hardware exception, perhaps with an error code. Source: SDM 3C §26.9.2, VM-Exit TransitEvent-Information Field. */
function interruptionOf(vector: number, errorCode: number | undefined): Details {
  const [valid, hardwareException, hasErrorCode] = [0x8000_0000, 3 << 8, 1 << 11]
  const interruption = (valid | hardwareException | (errorCode === undefined ? 0 : hasErrorCode) | vector) >>> 0
  return { interruption, errorCode: errorCode ?? 0 }
}

/** The exit qualification of an I/O instruction. Source: SDM 3C §29.2.1, Exit Qualification for I/O Instructions. */
function portQualification(port: number, size: number, read: bigint): bigint {
  return BigInt(size - 1) | (read << 3n) | (BigInt(port) << 16n)
}
