import { always, between, type Lifetime, since } from '@vmm/rule'
import { commit, kernelSource, type Source } from '@vmm/source'

/** What a host must be or have for an MSR to be in a list. */
export type ListCondition =
  | 'MPX'
  | 'RDTSCP or RDPID'
  | 'WAITPKG'
  | 'PT'
  | 'PT CR3 filter'
  | 'PT output'
  | 'PT ranges'
  | 'general counters'
  | 'fixed counters'
  | 'AMD global counters'
  | 'XFD'
  | 'TSX_CTRL'
  | 'XSS'
  | 'CET'
  | 'shadow stacks'
  | 'Hyper-V'
  | 'SMM'
  | 'VMX'
  | 'AMD'
  | 'Intel'

/** One or more MSRs of a list, in the order in which the kernel lists them. */
export interface ListRow {
  /** The part of the list: parts changed places. `'perfmon'` is left out without a PMU from 6.3 on. */
  readonly part: 'saved' | 'perfmon' | 'dynamic' | 'emulated' | 'VMX features' | 'features'
  readonly indexes: readonly number[]
  readonly when?: ListCondition
  readonly lifetime: Lifetime
  readonly source: Source
}

const old = kernelSource('arch/x86/kvm/x86.c', 'msrs_to_save_all', '5.4.225')
const saved = kernelSource('arch/x86/kvm/x86.c', 'msrs_to_save_base', '6.12')
const emulated = kernelSource('arch/x86/kvm/x86.c', 'emulated_msrs_all', '6.12')
const features = kernelSource('arch/x86/kvm/x86.c', 'msr_based_features_all_except_vmx', '6.12')
const newest = kernelSource('arch/x86/kvm/msrs.c', 'msrs_to_save_base', '7.0')

const run = (first: number, count: number) => Array.from({ length: count }, (_, at) => first + at)
const row = (part: ListRow['part'], indexes: readonly number[], source: Source, lifetime: Lifetime = always, when?: ListCondition): ListRow => ({
  part,
  indexes,
  source,
  lifetime,
  ...(when === undefined ? {} : { when }),
})

const cet = since('6.18')
const synthetic = since('5.8')
const limited = commit('4f1fa2a1bbeb', 'KVM: x86/pmu: Limit the maximum number of supported Intel GP counters')
const eighteen = between('5.4', '6.1')
const eight = since('6.1')

/** What KVM lists of registers, part by part, in the kernel's order. */
export const listRows: readonly ListRow[] = [
  row('saved', [0x174, 0x175, 0x176, 0xc000_0081, 0xc000_0083, 0xc000_0102, 0xc000_0084, 0xc000_0082, 0x10, 0x277, 0xc001_0117, 0x3a], saved),
  row('saved', [0xd90],       saved, always, 'MPX'),
  row('saved', [0xc000_0103], saved, always, 'RDTSCP or RDPID'),
  row('saved', [0x48],        saved),
  row('saved', [0x122],       saved, since({ absentIn: '6.1.192', presentIn: '6.12' }), 'TSX_CTRL'),
  row('saved', [0x570, 0x571], saved, always, 'PT'),
  row('saved', [0x572],        saved, always, 'PT CR3 filter'),
  row('saved', [0x560, 0x561], saved, always, 'PT output'),
  row('saved', run(0x580, 8),  saved, always, 'PT ranges'),
  row('saved', [0xe1],         saved, since('5.4'), 'WAITPKG'),

  row('dynamic', [0x1c4, 0x1c5], kernelSource('arch/x86/kvm/x86.c', 'msrs_to_save_all', '6.1'), since('5.17'), 'XFD'),
  row('dynamic', [0xda0],        commit('c0a5f2989122', 'KVM: x86: Report XSS as to-be-saved if there are supported features'), cet, 'XSS'),
  row('dynamic', [0x6a0, 0x6a2], newest, cet, 'CET'),
  row('dynamic', run(0x6a4, 5),  newest, cet, 'shadow stacks'),
  row('dynamic', [0x1d9, ...run(0x1db, 4)], saved, since('7.1', { '6.12': '6.12.114', '6.18': '6.18.44' })),

  row('perfmon', run(0x309, 3), old, between('5.4', { absentIn: '6.1.192', presentIn: '6.12' })),
  row('perfmon', run(0x309, 3), saved, since({ absentIn: '6.1.192', presentIn: '6.12' }), 'fixed counters'),
  row('perfmon', [0x38d, 0x38e, 0x38f], saved, since('5.4')),
  row('perfmon', [0x390], old, between('5.4', { absentIn: '6.1.192', presentIn: '6.12' })),
  row('perfmon', [0x3f1, 0x600, 0x3f2], saved, since('6.0')),
  row('perfmon', run(0x0c1, 18), old, eighteen, 'general counters'),
  row('perfmon', run(0x186, 18), old, eighteen, 'general counters'),
  row('perfmon', run(0x0c1, 8), limited, eight, 'general counters'),
  row('perfmon', run(0x186, 8), limited, eight, 'general counters'),
  row('perfmon', run(0xc001_0000, 8), saved, since({ absentIn: '5.10', presentIn: '6.0' }, { '5.15': '5.15.202', '5.4': '5.4.225' })),
  row('perfmon', [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11].map((at) => 0xc001_0200 + at), saved,
    since({ absentIn: '5.10', presentIn: '6.0' }, { '5.15': '5.15.202', '5.4': '5.4.225' })),
  row('perfmon', [0xc000_0301, 0xc000_0300, 0xc000_0302, 0xc000_0303], commit('4a2771895ca6', 'KVM: x86/svm/pmu: Add AMD PerfMonV2 support'), since('6.5'),
    'AMD global counters'),

  row('emulated', [0x12, 0x11, 0x4b56_4d01, 0x4b56_4d00], emulated),
  row('emulated', [0x4000_0000, 0x4000_0001, 0x4000_0020, 0x4000_0021, 0x4000_0022, 0x4000_0023, ...run(0x4000_0100, 6), 0x4000_0003, 0x4000_0002,
    0x4000_0010, 0x4000_0080, 0x4000_00b0, 0x4000_0073, 0x4000_0106, 0x4000_0107, 0x4000_0108], emulated, always, 'Hyper-V'),
  row('emulated', [0x4000_0118], emulated, since({ absentIn: '6.1', presentIn: '6.3' }), 'Hyper-V'),
  row('emulated', [0x4000_00ff, ...run(0x4000_00f1, 5)], kernelSource('arch/x86/kvm/x86.c', 'emulated_msrs_all', '5.15.202'), synthetic, 'Hyper-V'),
  row('emulated', [0x4b56_4d02, 0x4b56_4d03, 0x4b56_4d04], emulated),
  row('emulated', [0x4b56_4d06, 0x4b56_4d07], emulated, since('5.8')),
  row('emulated', [0x3b, 0x6e0, 0x10a], emulated),
  row('emulated', [0x345], commit('27461da31089', 'KVM: x86/pmu: Support full width counting'), since('5.8')),
  row('emulated', [0x1a0, 0x17a, 0x17b], emulated),
  row('emulated', [0x4d0], kernelSource('arch/x86/kvm/svm/svm.c', 'svm_has_emulated_msr', '6.12'), always, 'Intel'),
  row('emulated', [0x9e], emulated, always, 'SMM'),
  row('emulated', [0x34, 0xce, 0x140], emulated),
  row('emulated', [0xc001_011f], emulated, always, 'AMD'),
  row('emulated', [0xc000_0104], emulated, since('5.16'), 'AMD'),
  row('emulated', [0x1fc], emulated, since('5.5', { '5.4': '5.4.225' })),
  row('emulated', [0x8b], emulated, since({ absentIn: '5.4', presentIn: '6.0' }, { '5.15': '5.15.202' })),
  row('emulated', [0x480, 0x48d, 0x48e, 0x48f, 0x490, 0x485, 0x486, 0x488, 0x48a, 0x48b, 0x48c, 0x491], emulated, always, 'VMX'),
  row('emulated', [0xc001_0015, 0x4b56_4d05], emulated, since('5.3')),

  row('VMX features', [0x480, 0x48d, 0x481, 0x48e, 0x482, 0x48f, 0x483, 0x490, 0x484, 0x485, 0x486, 0x487, 0x488, 0x489, 0x48a, 0x48b, 0x48c, 0x491],
    kernelSource('arch/x86/kvm/x86.c', 'msr_based_features_all', '6.1'), between('4.17', '6.4'), 'VMX'),
  row('VMX features', run(0x480, 18), commit('0094f62c7eaa', 'KVM: x86: Disallow writes to immutable feature MSRs after KVM_RUN'), since('6.4'), 'VMX'),
  row('features', [0xc001_1029], features, since('4.17'), 'AMD'),
  row('features', [0x8b, 0x10a], features, since('4.17')),
  row('features', [0x345], features, since('5.8')),
  row('features', [0xce], commit('bc2ca3680b30', 'KVM: x86: Disallow changing MSR_PLATFORM_INFO after vCPU has run'), since('6.13')),
]
