import { type Lifetime, since } from '@vmm/rule'
import { commit, kernelSource, type Source } from '@vmm/source'

/** How KVM handles one MSR or a run of them, where that is not the commonest way. */
export interface HandledRow {
  readonly first: number
  readonly last: number
  readonly source: Source
  /** The module that handles it; left out, all of KVM does. */
  readonly module?: 'kvm_intel' | 'kvm_amd'
  /** Whom KVM refuses where CPUID lacks what the row needs; left out, it does not ask CPUID. */
  readonly gate?: 'guest' | 'everyone'
  /** How it fails then. */
  readonly absent?: 'invalid' | 'unsupported' | 'own rule'
  /** Bits that the row does not name are refused; left out, KVM takes any, or has a rule of its own. */
  readonly reserved?: true
  /** The demands of the row are not KVM's: a rule of its own says what is. */
  readonly demands?: false
  /** A guest's write of what is read-only has an answer of its own. */
  readonly ownAnswer?: true
  /** The releases that handle it; left out, all. `'never'`: no release is known to. */
  readonly lifetime?: Lifetime | 'never'
}

const x86 = (symbol: string, release = '6.12') => kernelSource('arch/x86/kvm/x86.c', symbol, release)
const set = x86('kvm_set_msr_common')
const vmx = kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12')
const svm = kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_msr', '6.12')
const intelPmu = kernelSource('arch/x86/kvm/vmx/pmu_intel.c', 'intel_is_valid_msr', '6.12')
const amdPmu = kernelSource('arch/x86/kvm/svm/pmu.c', 'amd_is_valid_msr', '6.12')
const hyperV = kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr_common', '6.12')
const launch = commit('8f102445d404', 'KVM: VMX: Add emulation of SGX Launch Control LE hash MSRs')
const umwait = commit('6e3ba4abcea5', 'KVM: vmx: Emulate MSR IA32_UMWAIT_CONTROL')

type Options = Omit<HandledRow, 'first' | 'last' | 'source'>
const row = (first: number, last: number, source: Source, options: Options): HandledRow => ({ first, last, source, ...options })

const intel = { module: 'kvm_intel' } as const
const amd = { module: 'kvm_amd' } as const
const counter = { ...intel, gate: 'everyone', absent: 'unsupported' } as const
const paravirtual = { gate: 'everyone', absent: 'own rule' } as const
const partition = { gate: 'guest', absent: 'invalid' } as const

/** In the order of the indexes. What is not listed is handled by all of KVM, in every release, whatever CPUID says. */
export const handledRows: readonly HandledRow[] = [
  row(0x011, 0x012, set, paravirtual),
  row(0x01b, 0x01b, kernelSource('arch/x86/kvm/lapic.c', 'kvm_apic_set_base', '6.12'), {}),
  row(0x033, 0x033, set, { lifetime: 'never' }),
  row(0x03a, 0x03a, vmx, intel),
  row(0x048, 0x048, vmx, { gate: 'guest', absent: 'invalid' }),
  row(0x08c, 0x08f, launch, { ...intel, gate: 'guest', absent: 'invalid', lifetime: since('5.13') }),
  row(0x0c3, 0x0c8, intelPmu, counter),
  row(0x0cf, 0x0cf, set, { lifetime: 'never' }),
  row(0x0e1, 0x0e1, umwait, { ...intel, gate: 'guest', absent: 'invalid', reserved: true, lifetime: since('5.4') }),
  row(0x0e7, 0x0e8, set, { lifetime: 'never' }),
  row(0x10a, 0x10a, set, { ownAnswer: true }),
  row(0x10b, 0x10b, commit('da3db168fb67', 'KVM: x86: Virtualize FLUSH_L1D and passthrough MSR_IA32_FLUSH_CMD'), {
    gate: 'guest', absent: 'invalid', lifetime: since('6.4'),
  }),
  row(0x122, 0x122, commit('c11f83e0626b', 'KVM: vmx: implement MSR_IA32_TSX_CTRL disable RTM functionality'), {
    ...intel, reserved: true, lifetime: since('5.5'),
  }),
  row(0x123, 0x123, set, { lifetime: 'never' }),
  row(0x140, 0x140, set, { demands: false }),
  row(0x188, 0x18d, intelPmu, { ...counter, reserved: true }),
  row(0x19a, 0x19d, set, { lifetime: 'never' }),
  row(0x1b0, 0x1b2, set, { lifetime: 'never' }),
  row(0x1c4, 0x1c5, set, { gate: 'guest', absent: 'invalid', lifetime: since('5.17') }),
  row(0x1c8, 0x1c9, intelPmu, { ...counter, lifetime: since('5.12') }),
  row(0x200, 0x20f, set, { reserved: true }),
  row(0x280, 0x29f, commit('281b52780b57', 'KVM: x86: Add emulation for MSR_IA32_MCx_CTL2 MSRs.'), { reserved: true, lifetime: since('6.0') }),
  row(0x2ff, 0x2ff, set, { reserved: true }),
  row(0x309, 0x30b, intelPmu, counter),
  row(0x345, 0x345, commit('27461da31089', 'KVM: x86/pmu: Support full width counting'), { ownAnswer: true, lifetime: since('5.8') }),
  row(0x38d, 0x390, intelPmu, { ...counter, ownAnswer: true }),
  row(0x3f1, 0x3f2, intelPmu, { ...counter, lifetime: since('6.0') }),
  row(0x480, 0x491, vmx, { ...intel, gate: 'everyone', absent: 'invalid', ownAnswer: true }),
  row(0x492, 0x493, vmx, { lifetime: 'never' }),
  row(0x4c1, 0x4c8, commit('27461da31089', 'KVM: x86/pmu: Support full width counting'), { ...counter, lifetime: since('5.8') }),
  row(0x4d0, 0x4d0, vmx, { ...intel, gate: 'guest', absent: 'invalid', reserved: true }),
  row(0x560, 0x587, vmx, intel),
  row(0x600, 0x600, intelPmu, { ...counter, lifetime: since('6.0') }),
  row(0x680, 0x69f, intelPmu, { ...counter, lifetime: since('5.12') }),
  row(0x6a0, 0x6a8, kernelSource('arch/x86/kvm/msrs.c', '__kvm_set_msr', '7.0'), { demands: false, lifetime: since('6.18') }),
  row(0x6c0, 0x6df, intelPmu, { ...counter, lifetime: since('5.12') }),
  row(0x6e1, 0x6e1, set, { lifetime: 'never' }),
  row(0xd90, 0xd90, vmx, { ...intel, gate: 'guest', absent: 'invalid', demands: false }),
  row(0xdc0, 0xddf, intelPmu, { ...counter, lifetime: since('5.12') }),
  row(0x4000_0000, 0x4000_00b7, hyperV, partition),
  row(0x4000_00f1, 0x4000_00ff, kernelSource('arch/x86/kvm/hyperv.c', 'syndbg_set_msr', '6.12'), { ...partition, lifetime: since('5.8') }),
  row(0x4000_0100, 0x4000_0108, hyperV, partition),
  row(0x4000_0118, 0x4000_0118, hyperV, { ...partition, reserved: true, lifetime: since({ absentIn: '6.1', presentIn: '6.3' }) }),
  row(0x4b56_4d00, 0x4b56_4d02, set, paravirtual),
  row(0x4b56_4d03, 0x4b56_4d04, set, { ...paravirtual, reserved: true }),
  row(0x4b56_4d05, 0x4b56_4d05, set, { ...paravirtual, lifetime: since('5.3') }),
  row(0x4b56_4d06, 0x4b56_4d07, set, { ...paravirtual, reserved: true, lifetime: since('5.8') }),
  row(0xc000_0082, 0xc000_0083, x86('__kvm_set_msr'), { demands: false }),
  row(0xc000_0100, 0xc000_0103, x86('__kvm_set_msr'), { demands: false }),
  row(0xc000_0104, 0xc000_0104, svm, { ...amd, gate: 'guest', absent: 'invalid', reserved: true }),
  row(0xc000_0300, 0xc000_0303, commit('4a2771895ca6', 'KVM: x86/svm/pmu: Add AMD PerfMonV2 support'), {
    ...amd, gate: 'everyone', absent: 'unsupported', lifetime: since('6.5'),
  }),
  row(0xc001_0114, 0xc001_0114, svm, { ...amd, reserved: true }),
  row(0xc001_0115, 0xc001_0115, svm, amd),
  row(0xc001_0117, 0xc001_0117, svm, { demands: false }),
  row(0xc001_011f, 0xc001_011f, svm, { ...amd, gate: 'guest', absent: 'invalid', reserved: true }),
  row(0xc001_0140, 0xc001_0141, set, { gate: 'everyone', absent: 'invalid' }),
  row(0xc001_0200, 0xc001_020b, amdPmu, { ...amd, gate: 'everyone', absent: 'unsupported' }),
  row(0xc001_1021, 0xc001_1021, svm, amd),
  row(0xc001_1023, 0xc001_1023, set, { lifetime: since('6.7', { '6.1': '6.1.64', '6.5': '6.5.13', '6.6': 'unread', '5.15': 'unread', '5.10': 'unread', '5.4': 'unread' }) }),
  row(0xc001_1029, 0xc001_1029, svm, amd),
]
