import { kernelDoc, kernelSource, type Source, sdm } from '@vmm/source'
import type { Feature } from './all.ts'
import { features } from './feature.ts'

/** A feature that means nothing without others. */
export interface Dependency {
  readonly feature: Feature
  readonly needs: readonly Feature[]
  readonly source: Source
}

const kernel = kernelSource('arch/x86/kernel/cpu/cpuid-deps.c', 'cpuid_deps', '6.1')
const manual = (section: string, title: string) => sdm('1', section, title)

const row = (feature: Feature, needs: readonly Feature[], source: Source = kernel): Dependency => ({ feature, needs, source })

const kvmFeatures = features.filter((feature) => feature.startsWith('KVM_'))

export const dependencies: readonly Dependency[] = [
  // legacy vectors
  row('FXSR',                ['FPU']),
  row('MMX',                 ['FPU'],                  manual('9.1', 'Overview of MMX Technology')),
  row('SSE',                 ['FXSR']),
  row('SSE2',                ['SSE']),
  row('SSE3',                ['SSE2']),
  row('SSSE3',               ['SSE3'],                 manual('12.7', 'SSSE3')),
  row('SSE4_1',              ['SSSE3'],                manual('12.12', 'SSE4.1, SSE4.2 and AESNI')),
  row('SSE4_2',              ['SSE4_1'],               manual('12.12', 'SSE4.1, SSE4.2 and AESNI')),
  row('AESNI',               ['SSE2']),
  row('PCLMULQDQ',           ['SSE2']),
  row('SHA',                 ['SSE2']),
  row('GFNI',                ['SSE2']),
  row('SSE4A',               ['SSE3'],                 manual('12.4', 'SSE3')),
  // XSAVE and what it saves
  row('XSAVE',               ['FXSR']),
  row('XSAVEOPT',            ['XSAVE']),
  row('XSAVEC',              ['XSAVE']),
  row('XGETBV_ECX_1',        ['XSAVE']),
  row('XSAVES',              ['XSAVE', 'XSAVEC'],      manual('13.2', 'Enumeration of CPU Support')),
  row('XFD',                 ['XSAVES', 'XGETBV_ECX_1']),
  row('PKU',                 ['XSAVE']),
  row('MPX',                 ['XSAVE']),
  row('CET_SS',              ['XSAVES'],               manual('13.5.9', 'CET State')),
  row('ARCH_LBR',            ['XSAVES'],               manual('13.5.12', 'LBR State')),
  row('ENQCMD',              ['XSAVES']),
  row('AVX',                 ['XSAVE', 'SSE4_2'],      manual('14.3', 'Detection of Intel AVX Instructions')),
  row('F16C',                ['AVX'],                  manual('14.4.1', 'Detection of F16C Instructions')),
  row('FMA',                 ['AVX']),
  row('AVX2',                ['AVX']),
  row('VAES',                ['AVX']),
  row('VPCLMULQDQ',          ['AVX']),
  row('AVX_VNNI',            ['AVX2'],                 manual('14.7', 'Detection of Intel AVX2')),
  row('AVX_IFMA',            ['AVX2'],                 manual('14.7', 'Detection of Intel AVX2')),
  row('AVX_VNNI_INT8',       ['AVX2'],                 manual('14.7', 'Detection of Intel AVX2')),
  row('AVX_VNNI_INT16',      ['AVX2'],                 manual('14.7', 'Detection of Intel AVX2')),
  row('AVX_NE_CONVERT',      ['AVX2'],                 manual('14.7', 'Detection of Intel AVX2')),
  row('AVX512F',             ['AVX2'],                 manual('15.2', 'Detection of AVX-512 Foundation')),
  row('AVX512DQ',            ['AVX512F']),
  row('AVX512_IFMA',         ['AVX512F']),
  row('AVX512PF',            ['AVX512F']),
  row('AVX512ER',            ['AVX512F']),
  row('AVX512CD',            ['AVX512F']),
  row('AVX512BW',            ['AVX512F']),
  row('AVX512VL',            ['AVX512F']),
  row('AVX512_VBMI',         ['AVX512F']),
  row('AVX512_4VNNIW',       ['AVX512F']),
  row('AVX512_4FMAPS',       ['AVX512F']),
  row('AVX512_VPOPCNTDQ',    ['AVX512F']),
  row('AVX512_VBMI2',        ['AVX512VL']),
  row('AVX512_VNNI',         ['AVX512VL']),
  row('AVX512_BITALG',       ['AVX512VL']),
  row('AVX512_VP2INTERSECT', ['AVX512VL']),
  row('AVX512_BF16',         ['AVX512VL']),
  row('AVX512_FP16',         ['AVX512BW']),
  row('AMX_TILE',            ['XFD']),
  row('AMX_INT8',            ['AMX_TILE'],             manual('18.1', 'AMX')),
  row('AMX_BF16',            ['AMX_TILE'],             manual('18.1', 'AMX')),
  row('AMX_FP16',            ['AMX_TILE'],             manual('18.1', 'AMX')),
  row('AMX_COMPLEX',         ['AMX_TILE'],             manual('18.1', 'AMX')),
  // paging and modes
  row('NX',                  ['PAE'],                  sdm('3A', '4.1.4', 'Enumeration of Paging Features by CPUID')),
  row('LM',                  ['PAE', 'MSR'],           sdm('3A', '4.1.4', 'Enumeration of Paging Features by CPUID')),
  row('SYSCALL',             ['MSR'],                  sdm('2B', '4.3', 'SYSCALL')),
  row('PSE_36',              ['PSE'],                  sdm('3A', '4.1.4', 'Enumeration of Paging Features by CPUID')),
  row('PAGE_1GB',            ['LM'],                   sdm('3A', '4.1.4', 'Enumeration of Paging Features by CPUID')),
  row('PCID',                ['LM', 'PGE'],            sdm('3A', '4.1.4', 'Enumeration of Paging Features by CPUID')),
  row('LA57',                ['LM'],                   sdm('3A', '4.1.4', 'Enumeration of Paging Features by CPUID')),
  row('LAM',                 ['LM']),
  // the rest
  row('X2APIC',              ['APIC', 'MSR'],          sdm('3A', '12.12.1', 'Detecting and Enabling x2APIC Mode')),
  row('TSC_DEADLINE',        ['APIC', 'TSC', 'MSR'],   sdm('3A', '12.5.4.1', 'TSC-Deadline Mode')),
  row('TSC_ADJUST',          ['TSC', 'MSR'],           sdm('3B', '19.17.3', 'Time-Stamp Counter Adjustment')),
  row('INVARIANT_TSC',       ['TSC'],                  sdm('3B', '19.17.1', 'Invariant TSC')),
  row('ARAT',                ['APIC'],                 sdm('3A', '12.5.4', 'APIC Timer')),
  row('MCA',                 ['MCE', 'MSR'],           sdm('3B', '17.2', 'Compatibility with the Pentium Processor')),
  row('MTRR',                ['MSR'],                  sdm('3A', '13.11.1', 'MTRR Feature Identification')),
  row('MWAIT_EXTENSIONS',    ['MONITOR'],              sdm('2A', '3.3', 'CPUID—CPU Identification')),
  row('MWAIT_INTERRUPT_BREAK', ['MWAIT_EXTENSIONS'],   sdm('2A', '3.3', 'CPUID—CPU Identification')),
  ...kvmFeatures.map((feature) => row(feature, ['HYPERVISOR'], kernelDoc('Documentation/virt/kvm/x86/cpuid.rst', 'KVM CPUID bits'))),
  row('SGX_LC',              ['SGX']),
  row('SGX1',                ['SGX']),
  row('SGX2',                ['SGX1']),
]
