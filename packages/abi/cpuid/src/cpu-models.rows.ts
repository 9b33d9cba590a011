import { kernelSource, type Source, spec } from '@vmm/source'
import type { Feature } from './all.ts'
import type { Signature } from './text.ts'

/** One cache of leaf 04H. */
export interface Cache {
  readonly level: number
  readonly kind: 'data' | 'instruction' | 'unified'
  readonly kilobytes: number
  readonly ways: number
  readonly sharedBy: 'processor' | 'package'
}

/** A kind of CPU that a guest can be given. */
export interface CpuModel {
  readonly name: string
  readonly says: string
  readonly source: Source
  /** 12 characters. */
  readonly vendor: 'GenuineIntel'
  readonly signature: Signature
  /** At most 47 characters. */
  readonly brand: string
  /** What it has where that is implemented; `'everything'` for all that is. */
  readonly features: readonly Feature[] | 'everything'
  /** It promises no list: whatever of its features is implemented is what it is, and nobody is told of the rest. */
  readonly adapts?: true
  readonly caches: readonly Cache[]
}

const psAbi = spec('System V ABI, AMD64 supplement', '3.1.1 Processor Architecture')
const mitigations = kernelSource('arch/x86/kernel/cpu/common.c', 'cpu_set_bug_bits', '6.1.176')

/** The psABI levels, as users of instructions see them. */
const level1 = ['FPU', 'CX8', 'CMOV', 'MMX', 'FXSR', 'SSE', 'SSE2', 'SYSCALL', 'LM'] as const satisfies readonly Feature[]
const level2 = ['CMPXCHG16B', 'LAHF_LM', 'POPCNT', 'SSE3', 'SSSE3', 'SSE4_1', 'SSE4_2'] as const satisfies readonly Feature[]
const level3 = ['XSAVE', 'AVX', 'AVX2', 'BMI1', 'BMI2', 'F16C', 'FMA', 'LZCNT', 'MOVBE'] as const satisfies readonly Feature[]

/** What no system does without, whatever the level. */
const system = [
  'VME', 'DE', 'PSE', 'TSC', 'MSR', 'PAE', 'MCE', 'APIC', 'SEP', 'MTRR', 'PGE', 'MCA', 'PAT', 'PSE_36', 'CLFSH', 'SS', 'NX',
  'ZERO_FCS_FDS',
] as const satisfies readonly Feature[]

/** What makes a guest fast here: it trusts the TSC, takes kvmclock, and picks no costly mitigation. Source: `cpu_set_bug_bits` in arch/x86/kernel/cpu/common.c of Linux 6.1. */
export const virtualFeatures = [
  'HYPERVISOR', 'X2APIC', 'TSC_DEADLINE', 'TSC_ADJUST', 'INVARIANT_TSC', 'ARAT',
  'ARCH_CAPABILITIES', 'SPEC_CTRL', 'STIBP', 'SSBD', 'MD_CLEAR', 'L1D_FLUSH',
  'PSFD', 'IPRED_CTRL', 'RRSBA_CTRL', 'DDPD_U', 'BHI_CTRL', 'MCDT_NO',
  'KVM_FEATURE_CLOCKSOURCE', 'KVM_FEATURE_NOP_IO_DELAY', 'KVM_FEATURE_CLOCKSOURCE2', 'KVM_FEATURE_CLOCKSOURCE_STABLE_BIT',
] as const satisfies readonly Feature[]

/** What servers of these years add. Not here on purpose: LA57, MONITOR, HLE and RTM, DS, PDCM and every PMU. */
const server = [
  'PCID', 'INVPCID', 'SMEP', 'SMAP', 'PKU', 'UMIP', 'FSGSBASE', 'PAGE_1GB', 'RDTSCP', 'RDPID', 'WBNOINVD',
  'RDRAND', 'RDSEED', 'ADX', 'ERMS', 'FSRM', 'CLFLUSHOPT', 'CLWB', 'PREFETCHW', 'AESNI', 'PCLMULQDQ', 'SHA',
  'XSAVEOPT', 'XSAVEC', 'XGETBV_ECX_1', 'XSAVES', 'GFNI', 'VAES', 'VPCLMULQDQ',
] as const satisfies readonly Feature[]

const caches: readonly Cache[] = [
  { level: 1, kind: 'data',        kilobytes:    48, ways: 12, sharedBy: 'processor' },
  { level: 1, kind: 'instruction', kilobytes:    32, ways:  8, sharedBy: 'processor' },
  { level: 2, kind: 'unified',     kilobytes:  2048, ways: 16, sharedBy: 'processor' },
  { level: 3, kind: 'unified',     kilobytes: 32768, ways: 16, sharedBy: 'package' },
]

/** A family and model that Linux puts on no list of vulnerable parts, save one that does not count under a hypervisor. */
const signature = { family: 6, model: 0x8f, stepping: 8 }

const intel = { vendor: 'GenuineIntel', signature, caches } as const

/** Every model, the default first. */
export const cpuModels = [
  {
    ...intel, name: 'default', source: mitigations, brand: 'Virtual server CPU (software)', adapts: true,
    says: 'Like a current server, without LA57, MONITOR, TSX, debug store or PMU',
    features: [...level1, ...level2, ...level3, ...system, ...virtualFeatures, ...server],
  },
  {
    ...intel, name: 'max', source: mitigations, brand: 'Virtual x86-64 CPU (software), max',
    says: 'Everything that is implemented',
    features: 'everything',
  },
  {
    ...intel, name: 'x86-64-v1', source: psAbi, brand: 'Virtual x86-64-v1 CPU (software)',
    says: 'The baseline of the psABI',
    features: [...level1, ...system, ...virtualFeatures],
  },
  {
    ...intel, name: 'x86-64-v2', source: psAbi, brand: 'Virtual x86-64-v2 CPU (software)',
    says: 'The psABI level with SSE4.2, POPCNT and CMPXCHG16B',
    features: [...level1, ...level2, ...system, ...virtualFeatures],
  },
  {
    ...intel, name: 'x86-64-v3', source: psAbi, brand: 'Virtual x86-64-v3 CPU (software)',
    says: 'The psABI level with AVX2, FMA and BMI',
    features: [...level1, ...level2, ...level3, ...system, ...virtualFeatures],
  },
] as const satisfies readonly CpuModel[]

/** The name of a model. */
export type CpuModelName = (typeof cpuModels)[number]['name']
