import type { CpuidTable } from './entry.ts'
import { findHypervisor, type HypervisorBase, nowhere } from './rules/hypervisor-base.ts'
import type { ShownRegisters, ShownVm } from './rules/runtime/runtime-state.ts'
import { nothingDerived } from './rules/set-cpuid/a-call.ts'
import type { DerivedState, SetCpuidCall } from './set-cpuid-call.ts'

/**
 * A vCPU, as far as its CPUID table is concerned. What is left out is as it is just after KVM_CREATE_VCPU; registers
 * that are left out of a vCPU that has a table are as that table shows them.
 */
export interface CpuidVcpu {
  /** It has entered the guest at least once: a KVM_RUN that did not get that far does not count. */
  readonly hasRun?: boolean
  /** L2 is active. */
  readonly l2Active?: boolean
  /** Its table: as KVM_GET_CPUID2 tells it, or as the kernel was given it before. */
  readonly current?: CpuidTable
  readonly registers?: ShownRegisters
  /** Its table does not show its registers yet: kernels since 6.15 wait until somebody looks. */
  readonly pending?: boolean
  readonly hypervContext?: boolean
  /** Dynamic XCR0 bits that its XSAVE area has room for. */
  readonly fpu?: bigint
  /** Where the last call found KVM's leaves, and Xen's. */
  readonly kvmBase?: HypervisorBase
  readonly xenBase?: HypervisorBase
  readonly derived?: DerivedState
  /** Its local APIC is in the kernel. Default: it is. */
  readonly apicInKernel?: boolean
}

/** What of a VM decides how its vCPUs' tables are taken. Default: HLT exits, and MWAIT is the user's. */
export type CpuidVm = Partial<ShownVm>

/** Source: arch/x86/kvm/x86.c, kvm_vcpu_reset (Linux 6.1): CR4 0, XCR0 with x87 alone, the APIC on at FEE00000H. */
const afterReset: ShownRegisters = { cr4: 0n, xcr0: 1n, xss: 0n, apicBase: 0xfee0_0800n, miscEnable: 0n }
const unknown: ShownRegisters = {}
const noTable: CpuidTable = []

/** What a call sees of a vCPU. */
export type SeenVcpu = Pick<
  SetCpuidCall,
  | 'hasRun'
  | 'l2Active'
  | 'registers'
  | 'stored'
  | 'shown'
  | 'pending'
  | 'hypervContext'
  | 'fpu'
  | 'kvmBase'
  | 'xenBase'
  | 'derived'
  | 'apicInKernel'
>

/** A vCPU with everything that it left out. */
export function seen(vcpu: CpuidVcpu): SeenVcpu {
  const stored = vcpu.current ?? noTable
  const fresh = stored.length === 0
  return {
    hasRun: vcpu.hasRun ?? false,
    l2Active: vcpu.l2Active ?? false,
    registers: vcpu.registers ?? (fresh ? afterReset : unknown),
    stored,
    shown: stored,
    pending: vcpu.pending ?? false,
    hypervContext: vcpu.hypervContext ?? false,
    fpu: vcpu.fpu ?? 0n,
    kvmBase: vcpu.kvmBase ?? (fresh ? nowhere : findHypervisor(stored, 'kvm', 'first')),
    xenBase: vcpu.xenBase ?? (fresh ? nowhere : findHypervisor(stored, 'xen', 'first')),
    derived: vcpu.derived ?? nothingDerived,
    apicInKernel: vcpu.apicInKernel ?? true,
  }
}

/** The vCPU after a call, to be given to the next one. */
export function vcpuAfter(
  vcpu: CpuidVcpu,
  call: Pick<SeenVcpu, 'stored' | 'pending' | 'hypervContext' | 'fpu' | 'kvmBase' | 'xenBase' | 'derived'>,
): CpuidVcpu {
  const { stored, pending, hypervContext, fpu, kvmBase, xenBase, derived } = call
  return { ...vcpu, current: stored, pending, hypervContext, fpu, kvmBase, xenBase, derived }
}

/** A VM with everything that it left out. */
export function seenVm(vm: CpuidVm = {}): ShownVm {
  return { hltInGuest: vm.hltInGuest ?? false, mwaitFollows: vm.mwaitFollows ?? false }
}
