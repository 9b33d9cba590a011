import { featuresOf, findEntry, has } from '@vmm/cpuid'
import { allowedCet } from '@vmm/msr'
import {
  emptyNestedState,
  givenNestedState,
  givenNestedStateOf,
  leftNested,
  mostNestedStateBytes,
  type NestedFormat,
  type NestedKernel,
  type NestedState,
  type NestedStateGot,
  type NestedVcpu,
  nestedVcpu,
  type ReadGiven,
  vmxMsrs,
} from '@vmm/nested-vmx'
import type { Refusal } from '@vmm/rule'
import type { NestingPort, Vcpu } from '@vmm/vcpu'
import { type Answer, done } from '../answer.ts'
import type { Kvm } from '../kvm.ts'
import { hypervisorSegments, ownVmcb } from './own-vmcb.ts'

/** What a vCPU's nested virtualization is made with. */
export interface VcpuNestingOptions {
  readonly kvm: Kvm
  readonly vcpu: Vcpu
}

const featureControl = 0x3a
const longMode = 0xd01n
const svme = 1n << 12n
const widthUntold = 36
const la57 = 1n << 12n

/** How far a vCPU's guest is a hypervisor. Of VMX the vCPU itself keeps account, and runs L2; an L2 of SVM is never executed. */
export class VcpuNesting implements NestingPort {
  readonly #kvm: Kvm
  readonly #vcpu: Vcpu
  readonly #kernel: NestedKernel
  readonly #format: NestedFormat | undefined
  /** SVM: what there is. */
  #svm: NestedState
  /** KVM_CAP_HYPERV_ENLIGHTENED_VMCS. */
  #enlightened = false

  constructor({ kvm, vcpu }: VcpuNestingOptions) {
    this.#kvm = kvm
    this.#vcpu = vcpu
    this.#kernel = kvm.nested
    this.#format = kvm.nestedFormat
    this.#svm = emptyNestedState(this.#format ?? 'vmx')
    vcpu.state.nestBy(this)
  }

  /** Whether registers are L2's. */
  get l2Active(): boolean {
    return this.#format === 'svm' ? this.#svm.guestMode : this.#vcpu.vmx.inL2
  }

  /** Whether it is in L2 and cannot be executed. */
  get isStuck(): boolean {
    return this.#format === 'svm' && this.#svm.guestMode
  }

  /** Whether the guest is in VMX operation. */
  get vmxOn(): boolean {
    return this.#vcpu.vmx.state.vmxon
  }

  /** What there is: of L2 its VMCS with what its registers are now. */
  get state(): NestedState {
    return this.#format === 'svm' ? this.#svm : this.#vcpu.vmx.told()
  }

  /** What kvm_run.flags say of it. */
  get runFlags(): number {
    return this.#kernel.runFlags(this.l2Active)
  }

  /** KVM_GET_NESTED_STATE: what is written where user space says that it has room for so much; as many bytes as can be written. */
  get(size: number | 'unreadable' = mostNestedStateBytes, writable: number = mostNestedStateBytes): NestedStateGot {
    const { hasVmx } = this
    return this.#kernel.get({
      supported: this.#format !== undefined,
      readable: size !== 'unreadable',
      size: size === 'unreadable' ? 0 : size,
      writable,
      state: this.state,
      hasVmx,
    })
  }

  /** KVM_SET_NESTED_STATE with the bytes of a `struct kvm_nested_state`. What is refused late leaves another state. */
  set(bytes: Uint8Array): Answer<number> {
    return this.#set(givenNestedStateOf(this.#format, bytes))
  }

  /** The same, read from where the caller has it. */
  setFrom(read: ReadGiven): Answer<number> {
    return this.#set(givenNestedState(this.#format, read))
  }

  /** KVM_CAP_HYPERV_ENLIGHTENED_VMCS was enabled. */
  get isEnlightened(): boolean {
    return this.#enlightened
  }

  /** KVM_ENABLE_CAP of KVM_CAP_HYPERV_ENLIGHTENED_VMCS: `write` puts two bytes where user space wants the versions. */
  enableEvmcs(write: (version: Uint8Array) => boolean): Answer<number> {
    const supported = this.#kvm.facts.enlightenedVmcs
    const version = (this.#kvm.host.params['kvm_intel.nested'] ?? 1) === 0 ? 0 : 1
    const writable = supported && write(Uint8Array.of(version, version))
    const outcome = this.#kernel.enableEvmcs({ supported, hasVmx: version === 1, writable })
    this.#enlightened ||= outcome.state.enabled
    return outcome.kind === 'refused' ? outcome.refusal : done(0, outcome.unread)
  }

  /** The vCPU is put out of L2 and of VMX operation, whatever it was at. */
  leave(): void {
    const { state } = this
    this.#become(leftNested(state), state)
  }

  /** Power-up. */
  reset(): void {
    this.#svm = emptyNestedState(this.#format ?? 'vmx')
  }

  refusesSregs({ cr0, cr4 }: { readonly cr0: bigint; readonly cr4: bigint }): Refusal | undefined {
    if (!this.vmxOn) return undefined
    return this.#kernel.refusesSregs({ cr0, cr4, vcpu: this.#checked(undefined), state: this.state })
  }

  eferSet(before: bigint, after: bigint): void {
    if (this.#format !== 'svm') return
    this.#become(this.#kernel.eferSet({ state: this.#svm, before, after }))
  }

  smmSet(wasInSmm: boolean, inSmm: boolean): void {
    const { state } = this
    this.#become(this.#kernel.smmSet({ state, wasInSmm, inSmm }), state)
  }

  /** Of VMX the vCPU has seen to itself. */
  initialized(): void {
    if (this.#format === 'svm') this.#become(this.#kernel.initialized(this.#svm))
  }

  msrSet(index: number, value: bigint): void {
    if (this.#format === 'vmx' && index === featureControl && value === 0n) this.leave()
  }

  /** Whether the guest's CPUID has VMX, and nesting is on. */
  get hasVmx(): boolean {
    const { host } = this.#kvm
    return this.#format === 'vmx' && (host.params['kvm_intel.nested'] ?? 1) !== 0 && has(this.#vcpu.cpuid, 'VMX')
  }

  #set(given: ReturnType<typeof givenNestedState>): Answer<number> {
    const before = this.state
    const link = given.first
    const set = this.#kernel.set({ given, vcpu: this.#checked(link), state: before })
    this.#become(set.state, before)
    return set.kind === 'refused' ? set : done(set.returned, set.unread)
  }

  /** Another state: registers that are loaded on the way out of L2, and into it, are loaded. */
  #become(state: NestedState, before: NestedState = this.state): void {
    if (state === before) return
    if (state.format === 'vmx') return this.#vcpu.vmx.become(state)
    this.#svm = state
    // it has segments and tables of L1 then, and control registers of L2
    if (before.guestMode && !state.guestMode) this.#vcpu.state.loadSregs(hypervisorSegments(before.vmcb12))
  }

  #checked(vmcs12: Uint8Array | undefined): NestedVcpu {
    const { engine, cpuid, state } = this.#vcpu
    const [cr4, allowedCr4] = [engine.get('CR4'), engine.get('CR4_ALLOWED')]
    const { eax = widthUntold } = findEntry(cpuid, 0x8000_0008, 0) ?? {}
    const features = featuresOf(cpuid, ['SVM', 'CET_SS', 'CET_IBT'])
    return {
      ...nestedVcpu(this.#format ?? 'vmx'),
      format: this.#format,
      hasVmx: this.hasVmx,
      inSmm: state.getVcpuEvents().smi.smm !== 0,
      enlightenedVmcs: this.#enlightened,
      physicalAddressWidth: eax & 0xff,
      linearAddressWidth: (cr4 & la57) === 0n ? 48 : 57,
      vmx: { ...vmxMsrs((index) => this.#msr(index)), IA32_VMX_CR4_FIXED1: allowedCr4 },
      allowedCr4,
      allowedSCet: allowedCet((feature) => features.has(feature)),
      allowedEfer: longMode | (features.has('SVM') ? svme : 0n),
      cr0: engine.get('CR0'),
      cr3: engine.get('CR3'),
      efer: engine.get('IA32_EFER'),
      nestedPaging: this.#kvm.facts.tdp,
      linkedRevision: vmcs12 === undefined ? undefined : this.#linked(vmcs12),
      ownVmcb: ownVmcb(state.getSregs(), state.getRegs()),
    }
  }

  /** A capability that user space has set; nothing where it has not. */
  #msr(index: number): bigint | undefined {
    const read = this.#vcpu.state.getMsrs([index])
    const value = 'kind' in read ? undefined : read[0]?.data
    return value === 0n ? undefined : value
  }

  /** The first word at the VMCS link pointer. */
  #linked(vmcs12: Uint8Array): number | undefined {
    const view = new DataView(vmcs12.buffer, vmcs12.byteOffset, vmcs12.byteLength)
    const link = view.getBigUint64(linkAt, true)
    const memory = link < 1n << 52n ? this.#vcpu.engine.physical(Number(link)) : undefined
    if (memory === undefined || memory.length < 4) return undefined
    return new DataView(memory.buffer, memory.byteOffset, 4).getUint32(0, true)
  }
}

/** Where the VMCS link pointer is in a VMCS. */
const linkAt = 176
