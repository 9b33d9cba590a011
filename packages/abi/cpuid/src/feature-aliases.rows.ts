import { kernelSource, type Source, spec } from '@vmm/source'
import type { Feature } from './all.ts'

/** Another name for a feature, as people type it. Matched whatever its case, like the features themselves. */
export interface FeatureAlias {
  readonly alias: string
  readonly feature: Feature
  readonly source: Source
}

const kernel = kernelSource('arch/x86/include/asm/cpufeatures.h', 'X86_FEATURE_*, as /proc/cpuinfo prints them', '6.1')
const common = spec('Names in common use', 'gcc -march, QEMU -cpu')

const alias = (alias: string, feature: Feature, source: Source = kernel): FeatureAlias => ({ alias, feature, source })

export const featureAliases: readonly FeatureAlias[] = [
  // leaf 01H
  alias('pni',                'SSE3'),
  alias('pclmul',             'PCLMULQDQ', common),
  alias('mwait',              'MONITOR',   common),
  alias('est',                'EIST'),
  alias('cid',                'CNXT_ID'),
  alias('cx16',               'CMPXCHG16B'),
  alias('sse4.1',             'SSE4_1',    common),
  alias('sse4.2',             'SSE4_2',    common),
  alias('tsc_deadline_timer', 'TSC_DEADLINE'),
  alias('aes',                'AESNI'),
  alias('rdrnd',              'RDRAND',    common),
  alias('cmpxchg8b',          'CX8',       common),
  alias('pse36',              'PSE_36'),
  alias('pn',                 'PSN'),
  alias('clflush',            'CLFSH'),
  alias('dts',                'DS'),
  alias('ht',                 'HTT'),
  // leaf 06H
  alias('ida',                'TURBO_BOOST'),
  alias('pts',                'PTM'),
  alias('hwp_notify',         'HWP_NOTIFICATION'),
  alias('hwp_act_window',     'HWP_ACTIVITY_WINDOW'),
  alias('hwp_pkg_req',        'HWP_PACKAGE_REQUEST'),
  alias('hfi',                'HW_FEEDBACK'),
  // leaf 07H
  alias('cqm',                'RDT_M'),
  alias('avx512ifma',         'AVX512_IFMA'),
  alias('sha_ni',             'SHA'),
  alias('sha-ni',             'SHA',       common),
  alias('avx512vbmi',         'AVX512_VBMI'),
  alias('ospku',              'OSPKE',     common),
  alias('tme',                'TME_EN'),
  alias('shstk',              'CET_SS',    common),
  alias('ibt',                'CET_IBT'),
  alias('pks',                'PKS',       common),
  alias('hybrid_cpu',         'HYBRID'),
  alias('tsx_force_abort',    'RTM_FORCE_ABORT'),
  alias('ibrs',               'SPEC_CTRL'),
  alias('ibpb',               'SPEC_CTRL'),
  alias('intel_stibp',        'STIBP'),
  alias('flush_l1d',          'L1D_FLUSH'),
  alias('spec_ctrl_ssbd',     'SSBD'),
  alias('intel_ppin',         'INTEL_PPIN', common),
  // leaf 0DH
  alias('xgetbv1',            'XGETBV_ECX_1'),
  // leaf 80000001H and after
  alias('abm',                'LZCNT'),
  alias('lahf',               'LAHF_LM',   common),
  alias('misalignsse',        'MISALIGN_SSE'),
  alias('3dnowprefetch',      'PREFETCHW'),
  alias('extapic',            'EXT_APIC_SPACE'),
  alias('cr8_legacy',         'ALT_MOV_CR8'),
  alias('topoext',            'TOPOLOGY_EXTENSIONS'),
  alias('perfctr_core',       'PERF_CTR_EXT_CORE'),
  alias('perfctr_nb',         'PERF_CTR_EXT_NB'),
  alias('perfctr_llc',        'PERF_CTR_EXT_LLC'),
  alias('bpext',              'DATA_BKPT_EXT'),
  alias('ptsc',               'PERF_TSC'),
  alias('mwaitx',             'MONITORX'),
  alias('xd',                 'NX',        common),
  alias('mmxext',             'MMX_EXT'),
  alias('fxsr_opt',           'FFXSR'),
  alias('pdpe1gb',            'PAGE_1GB'),
  alias('gbpages',            'PAGE_1GB',  common),
  alias('page1gb',            'PAGE_1GB',  common),
  alias('3dnowext',           'EXT_3DNOW'),
  alias('3dnow',              'AMD_3DNOW'),
  alias('overflow_recov',     'MCA_OVERFLOW_RECOV'),
  alias('smca',               'SCALABLE_MCA'),
  alias('nonstop_tsc',        'INVARIANT_TSC'),
  alias('invtsc',             'INVARIANT_TSC', common),
  alias('irperf',             'INST_RET_CNT_MSR'),
  alias('xsaveerptr',         'RSTR_FP_ERR_PTRS'),
  alias('amd_ppin',           'AMD_PPIN',  common),
  alias('npt',                'NP'),
  alias('lbrv',               'LBR_VIRT'),
  alias('svm_lock',           'SVML'),
  alias('nrip_save',          'NRIPS'),
  alias('tsc_scale',          'TSC_RATE_MSR'),
  alias('flushbyasid',        'FLUSH_BY_ASID'),
  alias('decodeassists',      'DECODE_ASSISTS'),
  alias('pausefilter',        'PAUSE_FILTER'),
  alias('pfthreshold',        'PAUSE_FILTER_THRESHOLD'),
  alias('v_vmsave_vmload',    'VMSAVE_VIRT'),
  alias('v_spec_ctrl',        'SPEC_CTRL_VIRT'),
  alias('autoibrs',           'AUTOMATIC_IBRS'),
  // leaf 40000001H
  alias('kvmclock',           'KVM_FEATURE_CLOCKSOURCE2', common),
  alias('kvmclock-stable-bit', 'KVM_FEATURE_CLOCKSOURCE_STABLE_BIT', common),
]
