import type { Feature } from '@vmm/cpuid'
import { profileOf } from '@vmm/rule'
import { expect, test } from 'vitest'
import type { MsrVcpu } from './kvm-call.ts'
import { type MsrSurroundings, msrKernel } from './msr-kernel.ts'
import { amdHost, intelHost, plainVcpu, plainVm } from './rules/witness.ts'

interface Around {
  readonly has?: readonly Feature[]
  readonly vcpu?: Partial<MsrVcpu>
  readonly on?: 'kvm_amd'
}

function around({ has = [], vcpu = {}, on }: Around): MsrSurroundings {
  return {
    vcpu: { ...plainVcpu, vendor: on === undefined ? 'intel' : 'amd', features: new Set(has), ...vcpu },
    vm: plainVm,
    host: on === undefined ? intelHost : amdHost,
    listed: () => 'emulated',
  }
}

/** What a guest's WRMSR comes to, as manuals and the functions named `kvm_set_msr_common`, `svm_set_msr` and `vmx_set_msr` have it. */
test.each<readonly [what: string, index: number, data: bigint, given: Around, writes: 'done' | 'fault']>([
  ['IA32_PAT with every memory type', 0x277, 0x0706_0504_0100_0706n, {}, 'done'],
  ['IA32_PAT with a type that is reserved', 0x277, 0x0706_0504_0300_0706n, {}, 'fault'],
  ['IA32_EFER with bit 1', 0xc000_0080, 2n, { has: ['SYSCALL', 'NX', 'LM'] }, 'fault'],
  ['EFER.NXE of a guest without NX', 0xc000_0080, 0x800n, {}, 'fault'],
  ['EFER.NXE of a guest with NX', 0xc000_0080, 0x800n, { has: ['NX'] }, 'done'],
  ['IA32_TSC_AUX of a guest without RDTSCP', 0xc000_0103, 1n, {}, 'fault'],
  ['IA32_TSC_AUX of a guest with RDTSCP', 0xc000_0103, 0xffff_ffffn, { has: ['RDTSCP'] }, 'done'],
  ['IA32_TSC_AUX with a bit of its upper half, on Intel', 0xc000_0103, 1n << 32n, { has: ['RDTSCP'] }, 'fault'],
  ['IA32_APIC_BASE as a reset leaves it', 0x1b, 0xfee0_0900n, {}, 'done'],
  ['IA32_APIC_BASE with a reserved bit', 0x1b, 0xfee0_0a00n, {}, 'fault'],
  ['IA32_APIC_BASE beyond the addresses', 0x1b, (1n << 46n) | 0xfee0_0900n, {}, 'fault'],
  ['IA32_APIC_BASE into a mode that is none', 0x1b, 0xfee0_0400n, { has: ['X2APIC'] }, 'fault'],
  ['IA32_PRED_CMD of a guest without IBPB', 0x49, 1n, {}, 'fault'],
  ['MSR_PLATFORM_INFO', 0xce, 1n << 31n, {}, 'fault'],
  ['MSR_MISC_FEATURES_ENABLES without CPUID faulting', 0x140, 1n, {}, 'fault'],
  [
    'MSR_MISC_FEATURES_ENABLES with CPUID faulting',
    0x140,
    1n,
    { vcpu: { values: new Map([[0xce, 1n << 31n]]) } },
    'done',
  ],
  ['IA32_VMX_BASIC', 0x480, 0n, { has: ['VMX'] }, 'fault'],
  ['IA32_ARCH_CAPABILITIES', 0x10a, 0n, { has: ['ARCH_CAPABILITIES'] }, 'fault'],
  ['IA32_PERF_CAPABILITIES', 0x345, 0n, { has: ['PDCM'] }, 'fault'],
  ['a canonical IA32_LSTAR', 0xc000_0082, 0xffff_8000_0000_0000n, {}, 'done'],
  ['an IA32_LSTAR that is not canonical', 0xc000_0082, 1n << 60n, {}, 'fault'],
  ['IA32_MC0_CTL of all ones', 0x400, 0xffff_ffff_ffff_ffffn, { vcpu: { values: new Map([[0x179, 10n]]) } }, 'done'],
  ['IA32_MC0_CTL of some ones', 0x400, 0x1234n, { vcpu: { values: new Map([[0x179, 10n]]) } }, 'fault'],
  ['IA32_MC0_STATUS with an error', 0x401, 1n, { vcpu: { values: new Map([[0x179, 10n]]) } }, 'fault'],
  ['IA32_MC0_STATUS of 0', 0x401, 0n, { vcpu: { values: new Map([[0x179, 10n]]) } }, 'done'],
  ['a bank that is not there', 0x400 + 4 * 10, 0n, { vcpu: { values: new Map([[0x179, 10n]]) } }, 'fault'],
  ['VM_HSAVE_PA off its page', 0xc001_0117, 0x1800n, { on: 'kvm_amd', has: ['SVM'] }, 'fault'],
  ['VM_HSAVE_PA of a page', 0xc001_0117, 0x1000n, { on: 'kvm_amd', has: ['SVM'] }, 'done'],
  ['the steal time with a reserved bit', 0x4b56_4d03, 0x1003n, {}, 'fault'],
  ['the steal time at 64 bytes', 0x4b56_4d03, 0x1041n, {}, 'done'],
  ['asynchronous page faults with a reserved bit', 0x4b56_4d02, 0x1010n, {}, 'fault'],
  ['a halt-poll control with bit 1', 0x4b56_4d05, 3n, {}, 'fault'],
  ['a halt-poll control of 1', 0x4b56_4d05, 1n, {}, 'done'],
])('%s (MSR %i, value %i)', (_, index, data, given, writes) => {
  const answers = (['6.1.192', '6.12.117'] as const).map((release) => {
    return msrKernel(profileOf(release)).guest('write', { index, data }, around(given)).kind
  })
  expect(answers).toEqual([writes, writes])
})
