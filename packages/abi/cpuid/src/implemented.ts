import type { Feature } from './all.ts'

/**
 * What the engines of this project execute: a table built for one of them advertises nothing else. A test of the
 * engine compares this list with its own.
 */
export const implementedFeatures: ReadonlySet<Feature> = new Set<Feature>([
  // user-mode instructions
  ...([
    'FPU',
    'CX8',
    'CMOV',
    'ZERO_FCS_FDS',
    'MMX',
    'FXSR',
    'SSE',
    'SSE2',
    'SSE3',
    'SSSE3',
    'SSE4_1',
    'SSE4_2',
  ] as const),
  ...(['AVX', 'AVX2', 'FMA', 'F16C', 'VAES', 'VPCLMULQDQ'] as const),
  ...(['AVX_VNNI', 'AVX_VNNI_INT8', 'AVX_VNNI_INT16', 'AVX_IFMA', 'SHA512', 'SM3'] as const),
  ...(['AESNI', 'PCLMULQDQ', 'SHA', 'GFNI', 'CLDEMOTE', 'MOVDIRI', 'MOVDIR64B', 'SERIALIZE'] as const),
  ...(['CMPXCHG16B', 'MOVBE', 'POPCNT', 'LAHF_LM', 'LZCNT', 'BMI1', 'BMI2', 'ADX', 'PREFETCHW'] as const),
  ...(['RDRAND', 'RDSEED', 'RDTSCP', 'RDPID', 'CLFSH', 'CLFLUSHOPT', 'CLWB', 'ERMS', 'FSRM'] as const),
  ...(['XSAVE', 'OSXSAVE', 'XSAVEOPT', 'XSAVEC', 'XGETBV_ECX_1', 'XSAVES'] as const),
  // modes, paging and protection
  ...([
    'VME',
    'DE',
    'PSE',
    'PSE_36',
    'PAE',
    'PGE',
    'PAT',
    'MTRR',
    'SEP',
    'SYSCALL',
    'NX',
    'LM',
    'PAGE_1GB',
    'LA57',
  ] as const),
  ...(['PCID', 'INVPCID', 'SMEP', 'SMAP', 'PKU', 'OSPKE', 'UMIP', 'FSGSBASE', 'WBNOINVD', 'SS'] as const),
  ...(['CET_SS', 'CET_IBT', 'LAM'] as const),
  // time, interrupts, machine checks, registers
  ...(['TSC', 'MSR', 'APIC', 'X2APIC', 'TSC_DEADLINE', 'TSC_ADJUST', 'INVARIANT_TSC', 'ARAT', 'MCE', 'MCA'] as const),
  ...(['MONITOR', 'MWAIT_EXTENSIONS', 'MWAIT_INTERRUPT_BREAK', 'HTT', 'HYPERVISOR'] as const),
  // speculation: nothing here speculates, so every control is accepted and does nothing
  ...(['ARCH_CAPABILITIES', 'SPEC_CTRL', 'STIBP', 'SSBD', 'L1D_FLUSH', 'MD_CLEAR'] as const),
  ...(['PSFD', 'IPRED_CTRL', 'RRSBA_CTRL', 'DDPD_U', 'BHI_CTRL', 'MCDT_NO'] as const),
  // transactions that all abort: see `askedFeatures`
  'RTM_ALWAYS_ABORT',
  // virtualization: who wants it asks for it
  'VMX',
  // KVM
  ...(['KVM_FEATURE_CLOCKSOURCE', 'KVM_FEATURE_CLOCKSOURCE2', 'KVM_FEATURE_CLOCKSOURCE_STABLE_BIT'] as const),
  ...(['KVM_FEATURE_NOP_IO_DELAY', 'KVM_FEATURE_PV_UNHALT', 'KVM_FEATURE_PV_SEND_IPI'] as const),
  ...(['KVM_FEATURE_PV_SCHED_YIELD', 'KVM_FEATURE_HC_MAP_GPA_RANGE'] as const),
])

/** Of those the ones that no model has, not even one that has everything: a guest gets them by `+`, each by name. */
export const askedFeatures: ReadonlySet<Feature> = new Set<Feature>(['RTM_ALWAYS_ABORT'])
