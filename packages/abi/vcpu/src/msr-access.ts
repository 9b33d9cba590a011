import type { Initiator, MsrFile, MsrHome, SavedMsr } from '@vmm/msr'
import type { StateField } from '@vmm/x86-registers'
import { generalProtection, type Refused } from '@vmm/x86-semantics'
import type { Engine } from './engine-port.ts'
import type { FailedRun, MsrExit } from './exit.ts'
import type { VcpuMachine } from './machine.ts'

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
  'engine:U_CET': 'IA32_U_CET',
  'engine:S_CET': 'IA32_S_CET',
  'engine:PL0_SSP': 'IA32_PL0_SSP',
  'engine:PL1_SSP': 'IA32_PL1_SSP',
  'engine:PL2_SSP': 'IA32_PL2_SSP',
  'engine:PL3_SSP': 'IA32_PL3_SSP',
  'engine:INTERRUPT_SSP_TABLE_ADDR': 'IA32_INTERRUPT_SSP_TABLE_ADDR',
}

/** What an access to an MSR comes to: done, #GP(0), a question to user space, or the end of KVM_RUN. */
export type MsrOutcome =
  | { readonly kind: 'done'; readonly value: bigint }
  | { readonly kind: 'fault' }
  | MsrExit
  | FailedRun

/** Who decides about MSRs in place of the vCPU's own file, and keeps what lives nowhere else. */
export interface AnswersMsrs {
  /** RDMSR and WRMSR. */
  guest(access: 'read' | 'write', index: number, value: bigint): MsrOutcome
  /** One entry of KVM_GET_MSRS or KVM_SET_MSRS: what is read, or `undefined` where it fails. */
  host(access: 'read' | 'write', index: number, value: bigint): bigint | undefined
  /** What a register holds, without any rule; undefined where nothing was ever put there. */
  held(index: number): bigint | undefined
  /** The processor itself puts a value into a register that lives here: no rule is asked. */
  hold(index: number, value: bigint): void
  /** Power-up, and INIT. */
  reset(): void
  initialize(): void
  save(): readonly SavedMsr[]
  /** @throws {RangeError} if a register of another CPU is among them. */
  restore(saved: readonly SavedMsr[]): void
}

/** The registers behind MSRs that live in the engine, the local APIC and the clock. No rules: those have been asked. */
export interface MsrHomes {
  /** Undefined for a register that lives elsewhere, or that its owner does not have. */
  readHome(home: MsrHome, index: number): bigint | undefined
  /** False for a register that lives elsewhere, or that its owner refuses. */
  writeHome(home: MsrHome, index: number, value: bigint, initiator: Initiator): boolean
}

const fault: MsrOutcome = { kind: 'fault' }

/** Told of an access that was refused. */
export type OnRefusedMsr = (access: 'read' | 'write', index: number, says: string) => void

interface Parts {
  readonly engine: () => Engine
  readonly machine: () => VcpuMachine
  readonly createMsrs: (readElsewhere: (home: MsrHome, index: number) => bigint) => MsrFile
  readonly onRefused: OnRefusedMsr | undefined
}

/** The MSRs of one vCPU, wherever they live: in its file, the engine, the local APIC or a clock. */
export class MsrAccess implements MsrHomes {
  readonly #parts: Parts
  readonly #msrs: MsrFile
  #changes = 0
  /** What was written to paravirtual registers, by index. */
  #paravirtual = new Map<number, bigint>()
  /** Asked before the file, where there is such. */
  by: AnswersMsrs | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#msrs = parts.createMsrs((home, index) => {
      const value = this.#readHome(home, index)
      return typeof value === 'bigint' ? value : 0n
    })
  }

  /** How often anything may have changed. */
  get changes(): number {
    return this.#changes
  }

  /** RDMSR and WRMSR. */
  guest(access: 'read' | 'write', index: number, value: bigint): MsrOutcome {
    if (access === 'write') this.#changes += 1
    if (this.by !== undefined) return this.by.guest(access, index, value)
    const given = access === 'read' ? this.#read(index, 'guest') : (this.#write(index, value, 'guest') ?? 0n)
    return typeof given === 'bigint' ? { kind: 'done', value: given } : fault
  }

  /** One entry of KVM_GET_MSRS or KVM_SET_MSRS: what is read, or `undefined` where it fails. */
  host(access: 'read' | 'write', index: number, value: bigint): bigint | undefined {
    if (access === 'write') this.#changes += 1
    if (this.by !== undefined) return this.by.host(access, index, value)
    const given = access === 'read' ? this.#read(index, 'host') : (this.#write(index, value, 'host') ?? 0n)
    return typeof given === 'bigint' ? given : undefined
  }

  /** The processor itself loads a register that lives in the file, with a value that it has checked. */
  hold(index: number, value: bigint): void {
    this.#changes += 1
    if (this.by === undefined) this.#write(index, value, 'host')
    else this.by.hold(index, value)
  }

  readHome(home: MsrHome, index: number): bigint | undefined {
    const field = fieldOfHome[home]
    if (field !== undefined) return this.#parts.engine().get(field)
    if (home === 'apic') return this.#parts.machine().readApicMsr(index)
    return home === 'clock:TSC' ? this.#parts.machine().timeStamp() : undefined
  }

  writeHome(home: MsrHome, index: number, value: bigint, initiator: Initiator): boolean {
    const machine = this.#parts.machine()
    const field = fieldOfHome[home]
    if (field !== undefined) this.#parts.engine().set(field, value)
    else if (home === 'apic') return machine.writeApicMsr(index, value, initiator)
    else if (home === 'clock:TSC') machine.setTimeStamp(value)
    else return false
    return true
  }

  #read(index: number, initiator: Initiator): bigint | Refused {
    const answer = this.#msrs.read(index, initiator)
    switch (answer.kind) {
      case 'value':
        return answer.value
      case 'refused':
        this.#parts.onRefused?.('read', index, answer.says)
        return generalProtection
      default:
        return this.#readHome(answer.kept, index)
    }
  }

  /** What a register holds, or undefined: nobody is told of one that is not there. */
  peek(index: number): bigint | undefined {
    if (this.by !== undefined) return this.by.held(index)
    const answer = this.#msrs.read(index, 'host')
    if (answer.kind === 'value') return answer.value
    const kept = answer.kind === 'refused' ? undefined : this.#readHome(answer.kept, index)
    return typeof kept === 'bigint' ? kept : undefined
  }

  #write(index: number, value: bigint, initiator: Initiator): Refused | undefined {
    const engine = this.#parts.engine()
    const wide = (engine.get('CR4') & 0x1000n) !== 0n
    const answer = this.#msrs.write(index, value, {
      initiator,
      cr0Paging: (engine.get('CR0') & 0x8000_0000n) !== 0n,
      linearAddressWidth: wide ? 57 : 48,
    })
    switch (answer.kind) {
      case 'stored':
        return undefined
      case 'refused':
        this.#parts.onRefused?.('write', index, answer.says)
        return generalProtection
      default:
        return this.#writeHome(answer.kept, index, answer.value, initiator)
    }
  }

  /** Power-up values. */
  reset(): void {
    this.#changes += 1
    this.#msrs.reset()
    this.#paravirtual.clear()
    this.by?.reset()
  }

  /** What INIT forgets: clocks and other agreements with the hypervisor. Source: arch/x86/kvm/x86.c kvm_vcpu_reset. */
  forgetAgreements(): void {
    this.#changes += 1
    this.#paravirtual.clear()
    this.by?.initialize()
  }

  save(): { readonly plain: readonly SavedMsr[]; readonly paravirtual: readonly SavedMsr[] } {
    if (this.by !== undefined) return { plain: this.by.save(), paravirtual: [] }
    const paravirtual = [...this.#paravirtual].map(([index, value]) => ({ index, value }))
    return { plain: this.#msrs.save(), paravirtual }
  }

  /** @throws {RangeError} if a register of another CPU is among them. */
  restore(saved: ReturnType<MsrAccess['save']>): void {
    this.#changes += 1
    if (this.by !== undefined) return this.by.restore(saved.plain)
    this.#msrs.restore(saved.plain)
    this.#paravirtual = new Map(saved.paravirtual.map(({ index, value }) => [index, value]))
  }

  #readHome(home: MsrHome, index: number): bigint | Refused {
    const value = this.readHome(home, index)
    if (value !== undefined) return value
    return home === 'apic' ? generalProtection : (this.#paravirtual.get(index) ?? 0n)
  }

  #writeHome(home: MsrHome, index: number, value: bigint, initiator: Initiator): Refused | undefined {
    if (this.writeHome(home, index, value, initiator)) return undefined
    if (home === 'apic') return generalProtection
    this.#paravirtual.set(index, value)
    if (home === 'kvmclock') this.#parts.machine().writePvClock(index, value)
    return undefined
  }
}
