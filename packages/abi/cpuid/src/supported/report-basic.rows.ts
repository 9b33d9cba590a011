import { always, between, since, until } from '@vmm/rule'
import { commit, kernelSource, mail } from '@vmm/source'
import { type Report, reportsOf } from './report.ts'

const caps = reportsOf(kernelSource('arch/x86/kvm/cpuid.c', 'kvm_set_cpu_caps', '6.12.117'))
const vmx = reportsOf(kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_cpu_caps', '6.12.117'))
const svm = reportsOf(kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_cpu_caps', '6.12.117'))
const overhaul = reportsOf(kernelSource('arch/x86/kvm/cpuid.c', 'kvm_set_cpu_caps', '6.16.1'))
const fullWidth = reportsOf(commit('27461da31089', 'KVM: x86/pmu: Support full width counting'))
const nestedDefault = reportsOf(commit('1e58e5e59148', 'KVM: VMX: enable nested virtualization by default'))
const pebsBits = reportsOf(commit('cf8e55fe50df', 'KVM: x86/pmu: Expose CPUIDs feature bits PDCM, DS, DTES64'))
const pebs = reportsOf(commit('13738a364736', 'perf/x86/intel: Expose EPT-friendly PEBS for SPR and future models'))

/** Leaf 01H. */
export const reports01: readonly Report[] = [
  //        feature         how         lifetime       and
  caps(    'SSE3',         'host',     always),
  caps(    'PCLMULQDQ',    'host',     always),
  pebsBits('DTES64',       'host',     since('6.0'), { only: 'kvm_intel', when: ['PEBS of Ice Lake servers'] }),
  pebs(    'DTES64',       'host',     since('6.3'), { only: 'kvm_intel', when: ['PEBS of format 5'] }),
  nestedDefault('VMX',     'set',      since('4.20'), { only: 'kvm_intel', when: ['nested is on'], param: 'kvm_intel.nested' }),
  nestedDefault('VMX',     'set',      until('4.20'), { only: 'kvm_intel', when: ['nested was asked for'], param: 'kvm_intel.nested' }),
  caps(    'SSSE3',        'host',     always),
  caps(    'FMA',          'host',     always),
  caps(    'CMPXCHG16B',   'host',     always),
  fullWidth('PDCM',        'host',     since('5.8'),  { when: ['pmu'] }),
  caps(    'PCID',         'host',     always),
  caps(    'SSE4_1',       'host',     always),
  caps(    'SSE4_2',       'host',     always),
  caps(    'X2APIC',       'set',      always),
  caps(    'MOVBE',        'host',     always),
  caps(    'POPCNT',       'host',     always),
  overhaul('TSC_DEADLINE', 'set',      since('6.14')),
  caps(    'AESNI',        'host',     always),
  caps(    'XSAVE',        'host',     always),
  caps(    'AVX',          'host',     always),
  caps(    'F16C',         'host',     always),
  caps(    'RDRAND',       'host',     always),
  overhaul('HYPERVISOR',   'set',      since('6.14')),
  caps(    'FPU',          'host',     always),
  caps(    'VME',          'host',     always),
  caps(    'DE',           'host',     always),
  caps(    'PSE',          'host',     always),
  caps(    'TSC',          'host',     always),
  caps(    'MSR',          'host',     always),
  caps(    'PAE',          'host',     always),
  caps(    'MCE',          'host',     always),
  caps(    'CX8',          'host',     always),
  caps(    'APIC',         'host',     always),
  caps(    'SEP',          'host',     always),
  caps(    'MTRR',         'host',     always),
  caps(    'PGE',          'host',     always),
  caps(    'MCA',          'host',     always),
  caps(    'CMOV',         'host',     always),
  caps(    'PAT',          'host',     always),
  caps(    'PSE_36',       'host',     always),
  caps(    'CLFSH',        'host',     always),
  pebsBits('DS',           'host',     since('6.0'), { only: 'kvm_intel', when: ['PEBS of Ice Lake servers'] }),
  pebs(    'DS',           'host',     since('6.3'), { only: 'kvm_intel', when: ['PEBS of format 5'] }),
  caps(    'MMX',          'host',     always),
  caps(    'FXSR',         'host',     always),
  caps(    'SSE',          'host',     always),
  caps(    'SSE2',         'host',     always),
  caps(    'SS',           'host',     always),
]

const x87 = reportsOf(commit('e3bcfda012ed', 'KVM: x86: Report deprecated x87 features in supported CPUID'))
const invpcid = reportsOf(commit('4407a797e941', 'KVM: SVM: Enable INVPCID feature on AMD'))
const sgx = reportsOf(commit('72add915fbd5', 'KVM: VMX: Enable SGX virtualization for SGX1, SGX2 and LC'))
const trace = reportsOf(commit('86f5201df3d3', 'KVM: x86: Add Intel Processor Trace cpuid emulation'))

/** Leaf 07H, sub-leaf 0, EBX. */
export const reports07Ebx: readonly Report[] = [
  caps(   'FSGSBASE',        'host', always),
  caps(   'TSC_ADJUST',      'set',  always),
  sgx(    'SGX',             'host', since('5.13'), { only: 'kvm_intel', when: ['enclave memory for guests'], param: 'kvm_intel.sgx' }),
  caps(   'BMI1',            'host', always),
  caps(   'HLE',             'host', always),
  caps(   'AVX2',            'host', always),
  x87(    'FDP_EXCPTN_ONLY', 'host', since('5.17', { '5.16': '5.16.10', '5.15': 'unread', '5.10': 'unread', '5.4': 'unread' })),
  caps(   'SMEP',            'host', always),
  caps(   'BMI2',            'host', always),
  caps(   'ERMS',            'host', always),
  vmx(    'INVPCID',         'host', always,        { only: 'kvm_intel', when: ['INVPCID can be enabled'] }),
  invpcid('INVPCID',         'host', since('5.10'), { only: 'kvm_amd' }),
  caps(   'RTM',             'host', always),
  x87(    'ZERO_FCS_FDS',    'host', since('5.17', { '5.16': '5.16.10', '5.15': 'unread', '5.10': 'unread', '5.4': 'unread' })),
  vmx(    'MPX',             'host', always,        { only: 'kvm_intel', when: ['bounds are loaded on entry'] }),
  caps(   'AVX512F',         'host', always),
  caps(   'AVX512DQ',        'host', always),
  caps(   'RDSEED',          'host', always),
  caps(   'ADX',             'host', always),
  caps(   'SMAP',            'host', always),
  caps(   'AVX512_IFMA',     'host', always),
  caps(   'CLFLUSHOPT',      'host', always),
  caps(   'CLWB',            'host', always),
  trace(  'INTEL_PT',        'host', since('5.0'),  { only: 'kvm_intel', when: ['trace in guests was asked for'] }),
  caps(   'AVX512PF',        'host', always),
  caps(   'AVX512ER',        'host', always),
  caps(   'AVX512CD',        'host', always),
  caps(   'SHA',             'host', always),
  caps(   'AVX512BW',        'host', always),
  caps(   'AVX512VL',        'host', always),
]

const newFeatures = reportsOf(commit('80fef315a7d1', 'KVM: x86: Expose new cpu features to guest'))
const waits = reportsOf(commit('e69e72faa3a0', 'KVM: x86: Add support for user wait instructions'))
const busLock = reportsOf(commit('76ea438b4afc', 'KVM: X86: Expose bus lock debug exception to guest'))
const keys = reportsOf(commit('fa44b82eb831', 'KVM: x86: Move MPK feature detection to common code'))
const cet = reportsOf(kernelSource('arch/x86/kvm/cpuid.c', 'kvm_initialize_cpu_caps', 'mainline 7bb6284aa7b3'))

/** Leaf 07H, sub-leaf 0, ECX. */
export const reports07Ecx: readonly Report[] = [
  caps(       'AVX512_VBMI',      'host',     always),
  caps(       'UMIP',             'host',     since({ absentIn: '4.13', presentIn: '5.4' })),
  vmx(        'UMIP',             'set',      since({ absentIn: '4.13', presentIn: '5.4' }), { only: 'kvm_intel', when: ['descriptor tables exit'] }),
  keys(       'PKU',              'host',     always,       { only: 'kvm_intel', when: ['tdp', 'protection keys are in use'] }),
  keys(       'PKU',              'host',     since('5.8'), { only: 'kvm_amd',   when: ['tdp', 'protection keys are in use'] }),
  waits(      'WAITPKG',          'host',     since({ absentIn: '5.3', presentIn: '5.5' }), { only: 'kvm_intel', when: ['user waits can be enabled'] }),
  newFeatures('AVX512_VBMI2',     'host',     since('4.16')),
  newFeatures('GFNI',             'host',     since('4.16')),
  newFeatures('VAES',             'host',     since('4.16')),
  newFeatures('VPCLMULQDQ',       'host',     since('4.16')),
  newFeatures('AVX512_VNNI',      'host',     since('4.16')),
  newFeatures('AVX512_BITALG',    'host',     since('4.16')),
  cet(        'CET_SS',           'host',     since('6.18'), { when: ['tdp', 'CET is loaded on entry', 'full address width'] }),
  caps(       'AVX512_VPOPCNTDQ', 'host',     always),
  caps(       'LA57',             'host',     always),
  caps(       'LA57',             'hardware', since({ absentIn: '4.20', presentIn: '5.4' })),
  caps(       'RDPID',            'host',     since({ absentIn: '4.13', presentIn: '5.4' }), { only: 'kvm_amd' }),
  caps(       'RDPID',            'host',     since({ absentIn: '4.13', presentIn: '5.4' }), { only: 'kvm_intel', when: ['RDTSCP can be enabled'] }),
  busLock(    'BUS_LOCK_DETECT',  'host',     since('5.13'), { only: 'kvm_intel' }),
  busLock(    'BUS_LOCK_DETECT',  'host',     between('5.13', '6.11', {
    '6.10': { until: '6.10.10' }, '6.6': 'unread', '6.1': { until: '6.1.110' }, '5.15': 'unread',
  }),                                                        { only: 'kvm_amd' }),
  caps(       'CLDEMOTE',         'host',     since({ absentIn: '4.18', presentIn: '5.4' })),
  caps(       'MOVDIRI',          'host',     since({ absentIn: '4.18', presentIn: '5.4' })),
  caps(       'MOVDIR64B',        'host',     since({ absentIn: '4.18', presentIn: '5.4' })),
  sgx(        'SGX_LC',           'host',     since('5.13'), { only: 'kvm_intel', when: ['enclave memory for guests'], param: 'kvm_intel.sgx' }),
]

const speculation = kernelSource('arch/x86/kvm/cpuid.c', 'kvm_set_cpu_caps', '6.12.117')
const spec = reportsOf(speculation)
const serial = reportsOf(commit('43bd9ef42b3b', 'x86: Expose SERIALIZE for supported cpuid'))
const tracked = reportsOf(commit('61aa9a0a5eae', 'x86/kvm: Expose TSX Suspend Load Tracking feature'))
const amx = reportsOf(commit('690a757d610e', 'kvm: x86: Add CPUID support for Intel AMX'))
const half = reportsOf(commit('2224fc9efb2d', 'KVM: x86: Expose AVX512_FP16 for supported CPUID'))
const flush = reportsOf(commit('da3db168fb67', 'KVM: x86: Virtualize FLUSH_L1D and passthrough MSR_IA32_FLUSH_CMD'))
const amdSpec = reportsOf(commit('71dd5d5300d2', "KVM: x86: AMD's IBPB is not equivalent to Intel's IBPB"))

/** Leaf 07H, sub-leaf 0, EDX. */
export const reports07Edx: readonly Report[] = [
  caps(   'AVX512_4VNNIW',       'host', always),
  caps(   'AVX512_4FMAPS',       'host', always),
  caps(   'FSRM',                'host', since('5.7', { '5.6': 'unread', '5.4': 'unread' })),
  caps(   'AVX512_VP2INTERSECT', 'host', since('5.7')),
  spec(   'MD_CLEAR',            'host', since('5.2', { '5.1': 'unread', '5.0': 'unread', '4.19': 'unread', '4.14': 'unread' })),
  serial( 'SERIALIZE',           'host', since('5.9')),
  tracked('TSXLDTRK',            'host', since('5.10')),
  cet(    'CET_IBT',             'host', since('6.18'), { only: 'kvm_intel', when: ['CET is loaded on entry', 'full address width'] }),
  amx(    'AMX_BF16',            'host', since('5.17')),
  half(   'AVX512_FP16',         'host', since('5.11')),
  amx(    'AMX_TILE',            'host', since('5.17')),
  amx(    'AMX_INT8',            'host', since('5.17')),
  spec(   'SPEC_CTRL',           'host', since('4.16', { '4.15': 'unread', '4.14': 'unread' })),
  spec(   'SPEC_CTRL',           'set',  between({ absentIn: '4.20', presentIn: '5.4' }, '6.13'), { when: ['IBPB', 'IBRS'] }),
  amdSpec('SPEC_CTRL',           'set',  since('6.13'), { when: ["AMD's IBPB clears returns", "AMD's IBPB and IBRS"] }),
  spec(   'STIBP',               'host', since({ absentIn: '4.18', presentIn: '5.4' })),
  spec(   'STIBP',               'set',  since({ absentIn: '4.20', presentIn: '5.4' }), { when: ['STIBP'] }),
  flush(  'L1D_FLUSH',           'host', since('6.4')),
  spec(   'ARCH_CAPABILITIES',   'set',  since('4.16', { '4.15': 'unread', '4.14': 'unread' })),
  spec(   'SSBD',                'host', since('4.17', { '4.16': 'unread', '4.14': 'unread' })),
  spec(   'SSBD',                'set',  since({ absentIn: '4.20', presentIn: '5.4' }), { when: ["AMD's SSBD"] }),
]

const vnni = reportsOf(commit('1085a6b585d7', 'KVM: Expose AVX_VNNI instruction to guset'))
const sierra = reportsOf(commit('6a19d7aa5821', 'x86: KVM: Advertise CMPccXADD CPUID to user space'))
const strings = reportsOf(commit('2a4209d6a9cb', 'KVM: x86: Advertise fast REP string features inherent to the CPU'))
const lam = reportsOf(commit('703d794cb8cb', 'KVM: x86: Advertise and enable LAM (user and supervisor)'))
const clearwater = reportsOf(commit('a0423af92cb3', 'x86: KVM: Advertise CPUIDs for new instructions in Clearwater Forest'))
const write = reportsOf(kernelSource('arch/x86/kvm/cpuid.c', 'kvm_set_cpu_caps', '6.16.1'))
const complex = reportsOf(commit('99b668545356', 'KVM: x86: Advertise AMX-COMPLEX CPUID to userspace'))
const avx10 = reportsOf(commit('1c450ffef589', 'KVM: x86: Advertise AVX10.1 CPUID to userspace'))
const controls = reportsOf(commit('eefe5e668209', 'KVM: x86: Advertise CPUID.(EAX=7,ECX=2):EDX[5:0] to userspace'))
const lkgs = reportsOf(commit('e88cfd50b606', 'KVM: x86: Advertise support for LKGS'))
const movrs = reportsOf(mail('20251120050720.931449-2-zhao1.liu@intel.com', 'KVM: x86: Advertise MOVRS CPUID to userspace'))
const vnniInt = reportsOf(commit('062768f42689', 'KVM: x86: Advertise AVX10_VNNI_INT CPUID to userspace'))
const ofControls = { '6.7': '6.7.12', '6.6': 'unread', '6.1': '6.1.84', '5.15': 'unread', '5.10': 'unread' } as const

/** Leaf 07H, sub-leaves 1 and 2; leaf 24H. */
export const reports07Subleaves: readonly Report[] = [
  clearwater('SHA512',         'host',     since('6.13')),
  clearwater('SM3',            'host',     since('6.13')),
  clearwater('SM4',            'host',     since('6.13')),
  vnni(      'AVX_VNNI',       'host',     since('5.12')),
  caps(      'AVX512_BF16',    'host',     since('5.3')),
  sierra(    'CMPCCXADD',      'host',     since('6.2')),
  strings(   'FZRM',           'host',     since('6.3')),
  strings(   'FSRS',           'host',     since('6.3')),
  strings(   'FSRC',           'host',     since('6.3')),
  write(     'WRMSRNS',        'host',     since('6.16')),
  lkgs(      'LKGS',           'host',     since('6.17')),
  sierra(    'AMX_FP16',       'host',     since('6.2')),
  sierra(    'AVX_IFMA',       'host',     since('6.2')),
  lam(       'LAM',            'host',     since('6.8')),
  movrs(     'MOVRS',          'host',     since('7.0')),
  cet(       'MSR_IMM',        'host',     since('6.18')),
  sierra(    'AVX_VNNI_INT8',  'hardware', since('6.2')),
  sierra(    'AVX_NE_CONVERT', 'hardware', since('6.2')),
  complex(   'AMX_COMPLEX',    'hardware', since('6.6')),
  clearwater('AVX_VNNI_INT16', 'hardware', since('6.13')),
  sierra(    'PREFETCHI',      'hardware', since('6.2')),
  avx10(     'AVX10',          'hardware', since('6.12')),
  controls(  'PSFD',           'hardware', since('6.8', ofControls)),
  controls(  'IPRED_CTRL',     'hardware', since('6.8', ofControls)),
  controls(  'RRSBA_CTRL',     'hardware', since('6.8', ofControls)),
  controls(  'DDPD_U',         'hardware', since('6.8', ofControls)),
  controls(  'BHI_CTRL',       'hardware', since('6.8', ofControls)),
  controls(  'MCDT_NO',        'hardware', since('6.8', ofControls)),
  avx10(     'AVX10_VL128',    'hardware', since('6.12'), { when: ['AVX10'] }),
  avx10(     'AVX10_VL256',    'hardware', since('6.12'), { when: ['AVX10'] }),
  avx10(     'AVX10_VL512',    'hardware', since('6.12'), { when: ['AVX10'] }),
  vnniInt(   'AVX10_VNNI_INT', 'hardware', since('7.0'), { when: ['AVX10'] }),
]

const amxSub = reportsOf(commit('58cbaf64e653', 'KVM: x86: Advertise AMX CPUIDs in subleaf 0x1E.0x1 to userspace'))
const edeccssa = reportsOf(commit('16a7fe3728a8', 'KVM/VMX: Allow exposing EDECCSSA user leaf function to KVM guest'))

/** Leaves 0DH, 12H and 1EH. */
export const reports0D: readonly Report[] = [
  caps(    'XSAVEOPT',     'host',     always),
  caps(    'XSAVEC',       'host',     always),
  caps(    'XGETBV_ECX_1', 'host',     always),
  vmx(     'XSAVES',       'host',     always,       { only: 'kvm_intel', when: ['XSAVES can be enabled'] }),
  svm(     'XSAVES',       'host',     since('5.5'), { only: 'kvm_amd' }),
  caps(    'XFD',          'host',     since('5.17')),
  sgx(     'SGX1',         'host',     since('5.13'), { only: 'kvm_intel', when: ['enclave memory for guests'], param: 'kvm_intel.sgx' }),
  sgx(     'SGX2',         'host',     since('5.13'), { only: 'kvm_intel', when: ['enclave memory for guests'], param: 'kvm_intel.sgx' }),
  edeccssa('EDECCSSA',     'host',     since('6.2'),   { only: 'kvm_intel', when: ['enclave memory for guests'], param: 'kvm_intel.sgx' }),
  amxSub(  'AMX_FP8',      'hardware', since('7.0'), { when: ['tiles'] }),
  amxSub(  'AMX_TF32',     'hardware', since('7.0'), { when: ['tiles'] }),
  amxSub(  'AMX_AVX512',   'hardware', since('7.0'), { when: ['tiles'] }),
  amxSub(  'AMX_MOVRS',    'hardware', since('7.0'), { when: ['tiles'] }),
]
