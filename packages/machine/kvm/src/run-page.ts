import { hypercallRecorder } from '@vmm/hypercall'
import { exitReasons, kvmDebugExitArch, kvmRun, kvmSyncRegs } from '@vmm/kvm-uapi'
import type { Profile } from '@vmm/rule'
import type { Refusal, SyncRegsCall, Vcpu, VcpuExit, VcpuState } from '@vmm/vcpu'
import type { RunCase } from './rules/run/case.ts'

/** `kvm_run`, then a page for the data of port accesses, then one for collected stores. */
const pageBytes = 3 * 4096
const portData = 4096
const shared = { regs: 1n, sregs: 2n, events: 4n } as const
const { offset } = kvmRun
/** KVM_RUN_X86_SMM. Source: include/uapi/linux/kvm.h (Linux 6.12). */
const runInSmm = 1
const union = offset.exit
/** Where the arms of the union have what is written here. Source: include/uapi/linux/kvm.h struct kvm_run. */
const io = { direction: union, size: union + 1, port: union + 2, count: union + 4, dataOffset: union + 8 }
const mmio = { address: union, data: union + 8, length: union + 16, isWrite: union + 20 }
const hypercall = { number: union, arguments: union + 8, result: union + 56, flags: union + 64 }
const msr = { error: union, reason: union + 8, index: union + 12, data: union + 16 }
const internal = { suberror: union, count: union + 4, data: union + 8 }
const memoryFault = { flags: union, address: union + 8, bytes: union + 16 }
const debug = union
const eoiVector = union
const systemEvent = { type: union, count: union + 4 }
const failEntry = { reason: union, processor: union + 8 }

const reasons: Readonly<Record<VcpuExit['kind'], string>> = {
  intr: 'KVM_EXIT_INTR',
  hlt: 'KVM_EXIT_HLT',
  io: 'KVM_EXIT_IO',
  mmio: 'KVM_EXIT_MMIO',
  hypercall: 'KVM_EXIT_HYPERCALL',
  'x86-rdmsr': 'KVM_EXIT_X86_RDMSR',
  'x86-wrmsr': 'KVM_EXIT_X86_WRMSR',
  debug: 'KVM_EXIT_DEBUG',
  failed: 'KVM_EXIT_UNKNOWN',
  'irq-window-open': 'KVM_EXIT_IRQ_WINDOW_OPEN',
  shutdown: 'KVM_EXIT_SHUTDOWN',
  'internal-error': 'KVM_EXIT_INTERNAL_ERROR',
  'memory-fault': 'KVM_EXIT_MEMORY_FAULT',
  'dirty-ring-full': 'KVM_EXIT_DIRTY_RING_FULL',
  'ioapic-eoi': 'KVM_EXIT_IOAPIC_EOI',
  'set-tpr': 'KVM_EXIT_SET_TPR',
  'vm-dead': 'KVM_EXIT_UNKNOWN',
  'fail-entry': 'KVM_EXIT_FAIL_ENTRY',
  'system-event': 'KVM_EXIT_SYSTEM_EVENT',
}

const reasonNumbers = Object.fromEntries(
  Object.entries(reasons).map(([kind, reason]) => [kind, exitReasons.find(({ name }) => name === reason)?.number ?? 0]),
) as Readonly<Record<VcpuExit['kind'], number>>

/** What a vCPU and user space share: what user space maps of a vCPU's file descriptor. */
export class RunPage {
  /** Threads share it: one may set `immediate_exit` while another one runs the vCPU. */
  readonly bytes = new Uint8Array(new SharedArrayBuffer(pageBytes))
  readonly #view = new DataView(this.bytes.buffer)
  readonly #recorded

  /** What the flags say of a guest that is a hypervisor. */
  nestedFlags: () => number = () => 0

  constructor(profile: Profile) {
    this.#recorded = hypercallRecorder(profile)
  }

  get immediateExit(): boolean {
    return this.bytes[offset.immediate_exit] !== 0
  }

  set immediateExit(wanted: boolean) {
    this.bytes[offset.immediate_exit] = wanted ? 1 : 0
  }

  get requestInterruptWindow(): boolean {
    return this.bytes[offset.request_interrupt_window] !== 0
  }

  /** What KVM_RUN looks at before anything else. */
  runCase({ localApic, uninitialized, pageTables }: Pick<RunCase, 'localApic' | 'uninitialized' | 'pageTables'>): {
    -readonly [K in keyof RunCase]: RunCase[K]
  } {
    const atOnce = this.immediateExit
    const cr8 = this.taskPriority
    return { beganAtOnce: atOnce, atOnce, uninitialized, woken: false, cr8, localApic, pageTables }
  }

  /** CR8, as user space has left it. */
  get taskPriority(): number {
    return this.#view.getUint32(offset.cr8, true) + this.#view.getUint32(offset.cr8 + 4, true) * 2 ** 32
  }

  set taskPriority(value: number) {
    this.#setNumber(offset.cr8, value)
  }

  /** Kinds of registers that user space asks for, and has changed: KVM_SYNC_X86_*. Nothing is asked most of the time. */
  get synced(): SyncRegsCall | undefined {
    const [valid, dirty] = [this.#long(offset.kvm_valid_regs), this.#long(offset.kvm_dirty_regs)]
    return valid === 0n && dirty === 0n ? undefined : { valid, dirty }
  }

  #long(at: number): bigint {
    return this.#view.getUint32(at, true) === 0 && this.#view.getUint32(at + 4, true) === 0
      ? 0n
      : this.#view.getBigUint64(at, true)
  }

  /** Why KVM_RUN came back, as a number. */
  get reason(): number {
    return this.#view.getUint32(offset.exit_reason, true)
  }

  set reason(reason: number) {
    this.#view.setUint32(offset.exit_reason, reason, true)
  }

  clearFlags(): void {
    this.#view.setUint16(offset.flags, 0, true)
  }

  /** Takes the registers that user space has changed here; each is forgotten as changed when it is taken. */
  takeRegisters(state: VcpuState): Refusal | undefined {
    if (this.#view.getUint32(offset.kvm_dirty_regs, true) === 0) return undefined
    const { regs, sregs, events } = kvmSyncRegs.field
    const steps = [
      [shared.regs, () => void state.setRegs(regs.read(this.#view, offset.s + kvmSyncRegs.offset.regs))],
      [shared.sregs, () => state.setSregs(sregs.read(this.#view, offset.s + kvmSyncRegs.offset.sregs))],
      [shared.events, () => state.setVcpuEvents(events.read(this.#view, offset.s + kvmSyncRegs.offset.events))],
    ] as const
    for (const [bit, take] of steps) {
      const dirty = this.#view.getBigUint64(offset.kvm_dirty_regs, true)
      if ((dirty & bit) === 0n) continue
      const refused = take()
      if (refused !== undefined) return refused
      this.#view.setBigUint64(offset.kvm_dirty_regs, dirty & ~bit, true)
    }
    return undefined
  }

  /** Leaves the registers that user space has asked for. */
  leaveRegisters(state: VcpuState): void {
    const valid = this.#long(offset.kvm_valid_regs)
    if (valid === 0n) return
    const { regs, sregs, events } = kvmSyncRegs.field
    const at = (place: number) => offset.s + place
    if ((valid & shared.regs) !== 0n) regs.write(this.#view, at(kvmSyncRegs.offset.regs), state.getRegs())
    if ((valid & shared.sregs) !== 0n) sregs.write(this.#view, at(kvmSyncRegs.offset.sregs), state.getSregs())
    if ((valid & shared.events) !== 0n) events.write(this.#view, at(kvmSyncRegs.offset.events), state.getVcpuEvents())
  }

  /** Gives what user space has put here to the access or the hypercall that waits for it. */
  complete(vcpu: Vcpu, exit: VcpuExit): void {
    if (exit.kind === 'io' && exit.direction === 'in') {
      vcpu.complete(this.bytes.slice(portData, portData + exit.size * exit.count))
    } else if (exit.kind === 'mmio' && exit.direction === 'read') {
      vcpu.complete(this.bytes.slice(mmio.data, mmio.data + exit.size))
    } else if (exit.kind === 'hypercall') {
      vcpu.completeHypercall(this.#view.getBigUint64(hypercall.result, true))
    } else if (exit.kind === 'x86-rdmsr' || exit.kind === 'x86-wrmsr') {
      vcpu.completeMsr({ error: this.bytes[msr.error] !== 0, data: this.#view.getBigUint64(msr.data, true) })
    }
  }

  /** What is always told when KVM_RUN comes back. Where the kernel has the PIC, it is always ready. */
  told(vcpu: Vcpu, pic: 'kernel' | 'user space'): void {
    this.bytes[offset.ready_for_interrupt_injection] = pic === 'kernel' || vcpu.readyForInterrupt ? 1 : 0
    this.bytes[offset.flags]! |= (vcpu.inSmm ? runInSmm : 0) | this.nestedFlags()
    this.bytes[offset.if_flag] = vcpu.engine.interruptFlag ? 1 : 0
    this.taskPriority = vcpu.taskPriority
    this.#view.setBigUint64(offset.apic_base, vcpu.apicBase, true)
  }

  /** Why KVM_RUN came back. */
  tell(exit: VcpuExit): void {
    this.#view.setUint32(offset.exit_reason, reasonNumbers[exit.kind], true)
    switch (exit.kind) {
      case 'io':
        return this.#tellPort(exit)
      case 'mmio':
        return this.#tellMemory(exit)
      case 'hypercall':
        return this.#tellHypercall(exit)
      case 'ioapic-eoi':
        this.bytes[eoiVector] = exit.vector
        return
      case 'x86-rdmsr':
      case 'x86-wrmsr':
        return this.#tellMsr(exit)
      case 'debug':
        return this.#tellDebug(exit)
      case 'memory-fault':
        return this.#tellMemoryFault(exit)
      case 'system-event':
        this.#view.setUint32(systemEvent.type, exit.type, true)
        this.#view.setUint32(systemEvent.count, 0, true)
        return
      case 'fail-entry':
        this.#view.setBigUint64(failEntry.reason, exit.reason, true)
        this.#view.setUint32(failEntry.processor, 0, true)
        return
      case 'internal-error':
        this.#view.setUint32(internal.suberror, exit.suberror, true)
        this.#view.setUint32(internal.count, exit.data.length, true)
        return this.#longs(internal.data, exit.data)
      default:
    }
  }

  #tellPort({ direction, size, port, count, data }: Extract<VcpuExit, { kind: 'io' }>): void {
    this.bytes[io.direction] = direction === 'out' ? 1 : 0
    this.bytes[io.size] = size
    this.#view.setUint16(io.port, port, true)
    this.#view.setUint32(io.count, count, true)
    this.#setNumber(io.dataOffset, portData)
    if (direction === 'out') for (let at = 0; at < data.length; at += 1) this.bytes[portData + at] = data[at]!
    else this.bytes.fill(0, portData, portData + size * count)
  }

  #tellMemory({ direction, address, size, data }: Extract<VcpuExit, { kind: 'mmio' }>): void {
    this.#view.setBigUint64(mmio.address, BigInt(address), true)
    this.#view.setUint32(mmio.length, size, true)
    this.bytes[mmio.isWrite] = direction === 'write' ? 1 : 0
    if (direction === 'write') this.bytes.set(data, mmio.data)
  }

  /** What lies between the fields stays what it was. */
  #tellDebug(exit: Extract<VcpuExit, { kind: 'debug' }>): void {
    this.#view.setUint32(debug + kvmDebugExitArch.offset.exception, exit.exception, true)
    for (const field of ['pc', 'dr6', 'dr7'] as const) {
      const value = exit[field]
      if (value !== undefined) this.#view.setBigUint64(debug + kvmDebugExitArch.offset[field], value, true)
    }
  }

  #tellMemoryFault({ flags, address, bytes }: Extract<VcpuExit, { kind: 'memory-fault' }>): void {
    this.#view.setBigUint64(memoryFault.flags, flags, true)
    this.#view.setBigUint64(memoryFault.address, address, true)
    this.#view.setBigUint64(memoryFault.bytes, bytes, true)
  }

  #tellHypercall({ number, arguments: given, width }: Extract<VcpuExit, { kind: 'hypercall' }>): void {
    this.#view.setBigUint64(hypercall.number, BigInt(number), true)
    this.#longs(hypercall.arguments, given)
    const { flags, flagsBytes, result } = this.#recorded({ width })
    this.#view.setUint32(hypercall.flags, flags, true)
    if (flagsBytes === 8) this.#view.setUint32(hypercall.flags + 4, 0, true)
    if (result !== 'left') this.#view.setBigUint64(hypercall.result, result, true)
  }

  #tellMsr({ reason, index, data }: Extract<VcpuExit, { kind: 'x86-rdmsr' | 'x86-wrmsr' }>): void {
    this.bytes.fill(0, msr.error, msr.reason)
    this.#view.setUint32(msr.reason, reason, true)
    this.#view.setUint32(msr.index, index, true)
    this.#view.setBigUint64(msr.data, data, true)
  }

  /** A number below 2^53 in 64 bits. */
  #setNumber(at: number, value: number): void {
    // the low half is what 32 bits hold of it
    this.#view.setUint32(at, value, true)
    this.#view.setUint32(at + 4, value / 2 ** 32, true)
  }

  #longs(at: number, values: readonly bigint[]): void {
    for (const [index, value] of values.entries()) this.#view.setBigUint64(at + 8 * index, value, true)
  }
}
