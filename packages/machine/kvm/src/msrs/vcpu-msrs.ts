import { type CpuidVcpu, findEntry, type Host, signatureOf, type VendorRules, vendorRulesOf } from '@vmm/cpuid'
import {
  featureMsrAfterCreation,
  guestPerfmon,
  type Initiator,
  type MsrDone,
  type MsrEffect,
  type MsrEntry,
  type MsrHome,
  type MsrSurroundings,
  type MsrVcpu,
  type MsrVm,
  msrAt,
  type SavedMsr,
  tscWrittenByGuest,
  vendorTold,
} from '@vmm/msr'
import type { Profile } from '@vmm/rule'
import type { AnswersMsrs, MsrOutcome, Vcpu } from '@vmm/vcpu'
import { inRelease } from '../in-release.ts'
import { pmuTakenAway } from '../rules/enable-cap/pmu-taken-away.behaviour.ts'
import type { VcpuTsc } from '../time/vcpu-tsc.ts'
import { CpuidFeatures } from './cpuid-features.ts'
import type { MsrSystem } from './msr-system.ts'
import { forgottenByInit, msrsAfterCreation } from './msrs-after-creation.ts'
import type { VmMsrs } from './vm-msrs.ts'

/** What the MSRs of a vCPU ask of what is around them. */
export interface VcpuMsrsOptions {
  readonly system: MsrSystem
  readonly kernel: Profile
  readonly host: Host
  readonly vm: VmMsrs
  readonly vcpu: Vcpu
  readonly tsc: VcpuTsc
  readonly cpuid: () => CpuidVcpu
  readonly l2Active: () => boolean
  /** Whether the guest is in VMX operation. */
  readonly vmxOn: () => boolean
  /** Whether a quirk of KVM's is not disabled, by its number. */
  readonly hasQuirk: (quirk: number) => boolean
  /** Told of a write to a register of the paravirtual clock, and of a guest's to that of steal time. */
  readonly onClockRegister: (index: number, value: bigint) => void
  /** KVM_CAP_PMU_CAPABILITY has not taken performance monitoring away from its VM. */
  readonly hasPmu: () => boolean
  /** Which of its VM's it is, from 0. */
  readonly number: number
  /** What a register shows that follows the time; undefined for any other. */
  readonly shown: (index: number) => bigint | undefined
  /** Told of what an access sets off beside its register. */
  readonly onEffect: (effect: MsrEffect, entry: MsrEntry, initiator: Initiator) => void
}

const [{ does: hasCounters }] = pmuTakenAway.versions
const quirk = { miscEnableNoMwait: 4, stuffFeatureMsrs: 8 } as const
const paging = 0x8000_0000n
const la57 = 0x1000n
/** IA32_APIC_BASE: EN, EXTD. */
const apicEnabled = 0x800n
const apicExtended = 0x400n
const widthUntold = 36
/** HV_X64_MSR_VP_INDEX. */
const vpIndex = 0x4000_0002
/** IA32_TSC_ADJUST. */
const adjust = 0x3b
/** MSR_KVM_SYSTEM_TIME by both its numbers. */
const clockRegisters = [0x12, 0x4b56_4d01]

/** The MSRs of one vCPU, as the release has them: what lives in its engine, its local APIC or its clock stays there. */
export class VcpuMsrs implements AnswersMsrs, MsrVcpu {
  readonly features: CpuidFeatures
  /** KVM_CAP_ENFORCE_PV_FEATURE_CPUID. */
  enforcesPvCpuid = false
  /** KVM_CAP_HYPERV_ENFORCE_CPUID. */
  enforcesHypervCpuid = false
  /** KVM_CAP_HYPERV_SYNIC, or SYNIC2. */
  synicActive = false
  readonly values = { get: (index: number) => this.held(index) }
  readonly #options: VcpuMsrsOptions
  readonly #around: MsrSurroundings
  readonly #vendor: (told: VendorRules | undefined) => VendorRules
  readonly #created: ReadonlyMap<number, bigint>
  readonly #values = new Map<number, bigint>()

  constructor(options: VcpuMsrsOptions) {
    const { system, kernel, vcpu } = options
    this.#options = options
    this.features = new CpuidFeatures(() => options.cpuid().current)
    const vendor = inRelease(vendorTold, kernel)
    this.#vendor = (rules) => vendor({ rules })
    this.#created = this.#valuesAfterCreation()
    this.#around = { vcpu: this, vm: this.#seenVm(), host: system.host, listed: system.listed }
    vcpu.answerMsrsBy(this)
  }

  /** Whose vendor's module decides. */
  get module(): MsrSurroundings['host']['module'] {
    return this.#options.system.host.module
  }

  /** RDMSR and WRMSR: the filter and the exits of the VM count. */
  guest(access: 'read' | 'write', index: number, value: bigint): MsrOutcome {
    const { system, vm } = this.#options
    const entry = { index, data: value }
    const { filter } = vm
    const wants = { mask: vm.userSpaceMask, ...(filter === undefined ? {} : { filter }) }
    const outcome = system.kernel.guest(access, entry, this.#around, wants)
    switch (outcome.kind) {
      case 'done':
        return this.#kept(access, entry, outcome, 'guest') ? { kind: 'done', value: outcome.data } : { kind: 'fault' }
      case 'fault':
        return { kind: 'fault' }
      case 'fail':
        return { kind: 'failed', errno: outcome.errno, says: `WRMSR of MSR 0x${index.toString(16)} fails in KVM` }
      default:
        return { kind: outcome.reason, reason: outcome.msr.reason, index, data: outcome.msr.data }
    }
  }

  /** One entry of KVM_GET_MSRS or KVM_SET_MSRS: what is read, or `undefined` where it fails. */
  host(access: 'read' | 'write', index: number, value: bigint): bigint | undefined {
    const { kernel } = this.#options.system
    const entry = { index, data: value }
    const read = access === 'read'
    const answer = read ? kernel.access('read', 'host', entry, this.#around) : kernel.set(entry, this.#around)
    if (answer.kind === 'failed') return undefined
    return this.#kept(access, entry, answer, 'host') ? answer.data : undefined
  }

  /** What a register holds, without any rule; `undefined`: what it holds after reset. */
  held(index: number): bigint | undefined {
    const { vcpu, vm } = this.#options
    const home = msrAt(index)?.kept ?? 'plain'
    if (isElsewhere(home)) return vcpu.msrHomes.readHome(home, index)
    return (vm.isShared(index) ? vm.read(index) : undefined) ?? this.own(index)
  }

  /** The same of a register that lives here. */
  own(index: number): bigint | undefined {
    return this.#options.shown(index) ?? this.#values.get(index) ?? this.#created.get(index)
  }

  /** The time that the guest is told has jumped: its clock is told it again. */
  clockJumped(): void {
    const index = clockRegisters.find((register) => ((this.held(register) ?? 0n) & 1n) === 1n)
    if (index !== undefined) this.#options.onClockRegister(index, this.held(index) ?? 0n)
  }

  /** Puts a value into a register that lives here, without any rule. */
  hold(index: number, value: bigint): void {
    if (this.#options.vm.isShared(index)) this.#options.vm.write(index, value)
    else this.#values.set(index, value)
  }

  reset(): void {
    this.#values.clear()
  }

  /** INIT. Source: arch/x86/kvm/x86.c kvm_vcpu_reset (Linux 6.12). */
  initialize(): void {
    for (const index of forgottenByInit) this.#values.delete(index)
  }

  save(): readonly SavedMsr[] {
    return [...this.#values].map(([index, value]) => ({ index, value }))
  }

  restore(saved: readonly SavedMsr[]): void {
    this.#values.clear()
    for (const { index, value } of saved) this.#values.set(index, BigInt.asUintN(64, value))
  }

  get vendor(): VendorRules {
    const { current } = this.#options.cpuid()
    return this.#vendor(current === undefined || current.length === 0 ? undefined : vendorRulesOf(current))
  }

  get isHostModel(): boolean {
    const model = (table: Host['cpuid']) => signatureOf(findEntry(table, 1, 0)?.eax ?? 0).model
    return model(this.#options.cpuid().current ?? []) === model(this.#options.host.cpuid)
  }

  get physicalAddressWidth(): number {
    return this.#options.cpuid().derived?.maxPhyAddr ?? widthUntold
  }

  get linearAddressWidth(): 48 | 57 {
    return (this.#options.vcpu.engine.get('CR4') & la57) === 0n ? 48 : 57
  }

  get paging(): boolean {
    return (this.#options.vcpu.engine.get('CR0') & paging) !== 0n
  }

  get hasRun(): boolean {
    return this.#options.cpuid().hasRun ?? false
  }

  get l2Active(): boolean {
    return this.#options.l2Active()
  }

  get vmxOn(): boolean {
    return this.#options.vmxOn()
  }

  get localApic(): MsrVcpu['localApic'] {
    if (this.#options.cpuid().apicInKernel === false) return 'user space'
    const { apicBase: base } = this.#options.vcpu
    if ((base & apicEnabled) === 0n) return 'disabled'
    return (base & apicExtended) === 0n ? 'xapic' : 'x2apic'
  }

  /** A deadline that its timer does not wait for, a local APIC forgets by itself. */
  get deadlineMode(): boolean {
    return this.localApic !== 'user space'
  }

  get dynamicFeatures(): bigint {
    return this.#options.cpuid().fpu ?? 0n
  }

  get xss(): bigint {
    return this.#options.cpuid().derived?.guestSupportedXss ?? 0n
  }

  get perfmon(): MsrVcpu['perfmon'] {
    const { host, cpuid, hasPmu } = this.#options
    const told = guestPerfmon(host, cpuid().current ?? [])
    return hasCounters({ left: hasPmu(), told: told !== undefined }) ? told : undefined
  }

  get hyperV(): MsrVcpu['hyperV'] {
    if (this.#options.cpuid().derived?.hyperv !== true) return undefined
    return { enforced: this.enforcesHypervCpuid, synicActive: this.synicActive }
  }

  #seenVm(): MsrVm {
    const { vm, hasQuirk } = this.#options
    const msrs = this
    return {
      get enforcePvCpuid() {
        return msrs.enforcesPvCpuid
      },
      get guestReadsPlatformInfo() {
        return vm.guestReadsPlatformInfo
      },
      get quirkMiscEnableNoMwait() {
        return hasQuirk(quirk.miscEnableNoMwait)
      },
      get xenMsr() {
        return vm.xenMsr
      },
      isMapped: vm.isMapped,
    }
  }

  #kept(access: 'read' | 'write', entry: MsrEntry, answer: MsrDone, initiator: Initiator): boolean {
    if (access === 'write' && answer.keeps && !this.#keep(entry.index, answer.data, initiator)) return false
    for (const effect of answer.effects) this.#options.onEffect(effect, entry, initiator)
    return true
  }

  #keep(index: number, value: bigint, initiator: Initiator): boolean {
    const home = msrAt(index)?.kept ?? 'plain'
    if (initiator === 'guest' && (home === 'clock:TSC' || home === 'clock:TSC_ADJUST'))
      return this.#moveTsc(home, value)
    if (isElsewhere(home)) return this.#options.vcpu.msrHomes.writeHome(home, index, value, initiator)
    this.hold(index, value)
    if (home === 'kvmclock' || (home === 'pv:steal-time' && initiator === 'guest'))
      this.#options.onClockRegister(index, value)
    return true
  }

  /** A guest moves its counter by either register, and the other follows. */
  #moveTsc(home: 'clock:TSC' | 'clock:TSC_ADJUST', data: bigint): boolean {
    const { tsc, kernel } = this.#options
    const { offset, scaled: hostTsc } = tsc
    const register = home === 'clock:TSC' ? 'TSC' : 'TSC_ADJUST'
    const moved = inRelease(
      tscWrittenByGuest,
      kernel,
    )({ register, data, hostTsc, offset, adjust: this.held(adjust) ?? 0n })
    tsc.offset = moved.offset
    this.hold(adjust, moved.adjust)
    return true
  }

  #valuesAfterCreation(): ReadonlyMap<number, bigint> {
    const { system, kernel, hasQuirk } = this.#options
    const { module, featureMsrs } = system.host
    const fresh = inRelease(featureMsrAfterCreation, kernel)
    const stuffed = hasQuirk(quirk.stuffFeatureMsrs)
    const told = [...featureMsrs].map(([index, value]): [number, bigint] => [
      index,
      fresh({ index, module, told: value, quirk: stuffed }),
    ])
    return new Map([...msrsAfterCreation(system.host), [vpIndex, BigInt(this.#options.number)], ...told])
  }
}

const isElsewhere = (home: MsrHome): boolean =>
  home === 'apic' || home === 'clock:TSC' || (home.startsWith('engine:') && home !== 'engine:DEBUGCTL')
