import { always, between, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { type Report, reportsOf } from './report.ts'

const caps = reportsOf(kernelSource('arch/x86/kvm/cpuid.c', 'kvm_set_cpu_caps', '6.12.117'))
const vmx = reportsOf(kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_cpu_caps', '6.12.117'))
const svm = reportsOf(kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_cpu_caps', '6.12.117'))
const older = reportsOf(kernelSource('arch/x86/kvm/cpuid.c', 'kvm_set_cpu_caps', '5.10.13'))

/** Leaf 80000001H. Its mirrors of leaf 01H have no rows: they go with that leaf. */
export const reports80000001: readonly Report[] = [
  caps('LAHF_LM',             'host', always),
  caps('CMP_LEGACY',          'host', always),
  svm( 'SVM',                 'set',  always, { only: 'kvm_amd', when: ['nested is on'], param: 'kvm_amd.nested' }),
  caps('ALT_MOV_CR8',         'host', always),
  caps('LZCNT',               'host', always),
  caps('SSE4A',               'host', always),
  caps('MISALIGN_SSE',        'host', always),
  caps('PREFETCHW',           'host', always),
  caps('OSVW',                'host', always),
  caps('XOP',                 'host', always),
  caps('FMA4',                'host', always),
  caps('TBM',                 'host', always),
  caps('TOPOLOGY_EXTENSIONS', 'host', since({ absentIn: '4.15', presentIn: '4.18' })),
  older('PERF_CTR_EXT_CORE',  'host', between({ absentIn: '4.15', presentIn: '5.4' }, { absentIn: '5.10', presentIn: '6.1' })),
  svm( 'PERF_CTR_EXT_CORE',   'host', since({ absentIn: '4.15', presentIn: '5.4' }), { only: 'kvm_amd', when: ['enough core counters'] }),
  caps('SYSCALL',             'host', always),
  caps('NX',                  'host', always),
  caps('MMX_EXT',             'host', always),
  caps('FFXSR',               'host', always),
  caps('PAGE_1GB',            'host', always),
  caps('PAGE_1GB',            'set',  since({ absentIn: '5.6', presentIn: '5.10' }), { when: ['shadow paging'] }),
  vmx( 'RDTSCP',              'host', always, { only: 'kvm_intel', when: ['RDTSCP can be enabled'] }),
  svm( 'RDTSCP',              'host', always, { only: 'kvm_amd' }),
  caps('LM',                  'host', always),
  caps('EXT_3DNOW',           'host', always),
  caps('AMD_3DNOW',           'host', always),
]

const ptrs = reportsOf(commit('504ce1954fba', 'KVM: x86: Expose XSAVEERPTR to the guest'))
const psfd = reportsOf(commit('b73a54321ad8', 'KVM: x86: Expose Predictive Store Forwarding Disable'))
const barrier = reportsOf(commit('71dd5d5300d2', "KVM: x86: AMD's IBPB is not equivalent to Intel's IBPB"))
const sameMode = reportsOf(commit('65ca2872015c', "KVM: x86: Propagate AMD's IbrsSameMode to the guest"))
const lmsle = reportsOf(commit('4793f990ea15', 'KVM: x86: Advertise EferLmsleUnsupported to userspace'))
const early = since({ absentIn: '4.20', presentIn: '5.4' })

/** Leaves 80000007H and 80000008H. */
export const reports80000008: readonly Report[] = [
  caps(   'INVARIANT_TSC',    'host', always),
  caps(   'CLZERO',           'host', since({ absentIn: '4.16', presentIn: '5.4' })),
  ptrs(   'RSTR_FP_ERR_PTRS', 'host', since('5.4')),
  caps(   'WBNOINVD',         'host', since({ absentIn: '5.1', presentIn: '5.4' })),
  caps(   'AMD_IBPB',         'host', since('4.16', { '4.15': 'unread', '4.14': 'unread' })),
  caps(   'AMD_IBPB',         'set',  since('4.16', { '4.15': 'unread', '4.14': 'unread' }), { when: ['IBPB'] }),
  caps(   'AMD_IBRS',         'host', since('4.16', { '4.15': 'unread', '4.14': 'unread' })),
  caps(   'AMD_IBRS',         'set',  since('4.16', { '4.15': 'unread', '4.14': 'unread' }), { when: ['IBRS'] }),
  caps(   'AMD_STIBP',        'host', early),
  caps(   'AMD_STIBP',        'set',  early, { when: ['STIBP'] }),
  caps(   'STIBP_ALWAYS_ON',  'host', since({ absentIn: '5.0', presentIn: '5.10' })),
  sameMode('IBRS_SAME_MODE',  'host', since('6.16')),
  caps(   'AMD_SSBD',         'host', early),
  caps(   'AMD_SSBD',         'set',  early, { when: ["Intel's SSBD"] }),
  caps(   'VIRT_SSBD',        'host', since('4.17', { '4.16': 'unread', '4.14': 'unread' })),
  svm(    'VIRT_SSBD',        'set',  since('4.17', { '4.16': 'unread', '4.14': 'unread' }), { only: 'kvm_amd', when: ['SSBD by LS_CFG'] }),
  svm(    'VIRT_SSBD',        'set',  early, { only: 'kvm_amd', when: ["AMD's SSBD"] }),
  caps(   'VIRT_SSBD',        'set',  early, { when: ['SSBD by LS_CFG', 'no SSBD of its own'] }),
  caps(   'AMD_SSB_NO',       'host', early),
  caps(   'AMD_SSB_NO',       'set',  early, { when: ['no speculative store bypass'] }),
  lmsle(  'EFER_LMSLE_UNSUPPORTED', 'hardware', since('6.19')),
  psfd(   'AMD_PSFD',         'host', since('5.16')),
  barrier('IBPB_RET',         'host', since('6.13')),
  barrier('IBPB_RET',         'set',  since('6.13'), { when: ["Intel's SPEC_CTRL", 'post-barrier returns are safe'] }),
]

const lbr = reportsOf(commit('d20c796ca370', 'KVM: x86: nSVM: implement nested LBR virtualization'))
const save = reportsOf(commit('b9f3973ab3a8', 'KVM: x86: nSVM: implement nested VMLOAD/VMSAVE'))
const pauses = reportsOf(commit('74fd41ed16fd', 'KVM: x86: nSVM: support PAUSE filtering when L0 does not intercept PAUSE'))
const gif = reportsOf(commit('0b349662145b', 'KVM: x86: nSVM: implement nested vGIF'))
const scaling = reportsOf(commit('5228eb96a487', 'KVM: x86: nSVM: implement nested TSC scaling'))
const address = reportsOf(commit('3b9c723ed7cf', 'KVM: SVM: Add support for SVM instruction address check change'))
const nmi = reportsOf(commit('0977cfac6e76', 'KVM: nSVM: Implement support for nested VNMI'))
const flush = reportsOf(commit('176bfc5b17fe', 'KVM: nSVM: Advertise support for flush-by-ASID'))
const nested = { only: 'kvm_amd', when: ['nested is on'] } as const

/** Leaf 8000000AH. */
export const reports8000000A: readonly Report[] = [
  svm(    'NP',                     'set',  always, { ...nested, when: ['nested is on', 'tdp'], param: 'kvm_amd.npt' }),
  lbr(    'LBR_VIRT',               'host', since('5.18'), { ...nested, param: 'kvm_amd.lbrv' }),
  svm(    'NRIPS',                  'host', always, { ...nested, param: 'kvm_amd.nrips' }),
  scaling('TSC_RATE_MSR',           'host', since('5.16'), { ...nested, param: 'kvm_amd.tsc_scaling' }),
  svm(    'VMCB_CLEAN',             'set',  since({ absentIn: '5.16', presentIn: '6.1' }, { '6.0': 'unread', '5.19': 'unread' }), nested),
  flush(  'FLUSH_BY_ASID',          'set',  since('6.8', { '6.7': 'unread', '6.6': 'unread' }), nested),
  pauses( 'PAUSE_FILTER',           'host', since('5.18'), nested),
  pauses( 'PAUSE_FILTER_THRESHOLD', 'host', since('5.18'), nested),
  save(   'VMSAVE_VIRT',            'host', since('5.18'), { ...nested, param: 'kvm_amd.vls' }),
  gif(    'VGIF',                   'set',  since('5.18'), { ...nested, when: ['nested is on', 'vGIF'], param: 'kvm_amd.vgif' }),
  nmi(    'VNMI',                   'host', since('6.4'),  { ...nested, param: 'kvm_amd.vnmi' }),
  address('NESTED_VIRT_VMCB_CHK',   'set',  since('5.12'), nested),
]

const sev = reportsOf(kernelSource('arch/x86/kvm/svm/sev.c', 'sev_set_cpu_caps', '6.1.192'))
const sevSet = reportsOf(kernelSource('arch/x86/kvm/svm/sev.c', 'sev_set_cpu_caps', '6.12.117'))
const leaf21 = reportsOf(commit('58b3d12c0a86', 'KVM: x86: add support for CPUID leaf 0x80000021'))
const synthetic = reportsOf(commit('f144c49e8c39', 'KVM: x86: synthesize CPUID leaf 0x80000021h if useful'))
const bases = reportsOf(kernelSource('arch/x86/kvm/cpuid.c', 'kvm_set_cpu_caps', '6.12.117'))
const automatic = reportsOf(commit('8c19b6f257fa', 'KVM: x86: Propagate the AMD Automatic IBRS feature to the guest'))
const srso = reportsOf(kernelSource('arch/x86/kvm/cpuid.c', 'kvm_set_cpu_caps', '6.12.117'))
const returns = reportsOf(kernelSource('Debian changelog', 'KVM: x86: Advertise SRSO_USER_KERNEL_NO to userspace', '6.12.54'))
const tsa = reportsOf(kernelSource('Debian changelog', 'KVM: SVM: Advertise TSA CPUID bits to guests', '6.12.37'))
const prefetch = reportsOf(kernelSource('arch/x86/kvm/cpuid.c', 'kvm_set_cpu_caps', '6.16.1'))
const eraps = reportsOf(commit('db5e82496492', 'KVM: SVM: Virtualize and advertise support for ERAPS'))
const ofTsa = {
  '6.15': 'unread', '6.12': '6.12.37', '6.6': 'unread', '6.1': '6.1.144', '5.15': 'unread', '5.10': 'unread',
} as const
const ofTsaSet = { ...ofTsa, '6.12': '6.12.39', '6.1': '6.1.153' } as const
const smm = reportsOf(commit('74bee0cad8dc', 'KVM: x86: Advertise that the SMM_CTL MSR is not supported'))
const tsaSet = reportsOf(commit('f3f9deccfc68', 'KVM: SVM: Set synthesized TSA CPUID flags'))
const sbpb = reportsOf(commit('e47d86083c66', 'KVM: x86: Add SBPB support'))
const brtype = reportsOf(commit('6f0f23ef76be', 'KVM: x86: Add IBPB_BRTYPE support'))
const nonSerial = reportsOf(commit('329369caeccb', 'x86: KVM: Add feature flag for CPUID.80000021H:EAX[bit 1]'))
const tsaBug = reportsOf(commit('4b3b8a8b0df1', 'KVM: x86: synthesize CPUID bits only if CPU capability is set'))
/** Read in 6.12.117, and in no mainline up to 7.0. */
const afterMainline = between('7.0', '7.0', { '6.19': 'unread', '6.18': 'unread', '6.12': '6.12.117', '6.6': 'unread' })
const ofSrsoNo = { '6.4': 'unread', '6.1': 'unread', '5.15': 'unread', '5.10': 'unread' } as const

/** Leaves 8000001FH to 80000022H. */
export const reports80000021: readonly Report[] = [
  sev(      'SEV',                       'host', between('5.13', { absentIn: '6.1', presentIn: '6.12' }), { only: 'kvm_amd', when: ['SEV'] }),
  sevSet(   'SEV',                       'host', since({ absentIn: '6.1', presentIn: '6.12' }), { only: 'kvm_amd', when: ['SEV'] }),
  sev(      'SEV_ES',                    'host', between('5.13', { absentIn: '6.1', presentIn: '6.12' }), { only: 'kvm_amd', when: ['SEV'], param: 'kvm_amd.sev_es' }),
  sevSet(   'SEV_ES',                    'host', since({ absentIn: '6.1', presentIn: '6.12' }), { only: 'kvm_amd', when: ['SEV'], param: 'kvm_amd.sev_es' }),
  sevSet(   'SEV_SNP',                   'host', since({ absentIn: '6.10', presentIn: '6.12' }), { only: 'kvm_amd', when: ['SEV', 'SNP is set up'], param: 'kvm_amd.sev_snp' }),
  sev(      'HW_ENF_CACHE_COH',          'host', since('5.13')),
  leaf21(   'NO_NESTED_DATA_BP',         'host', since('5.18')),
  nonSerial('FS_GS_BASE_NON_SERIALIZING', 'host', since('6.7', { '6.6': 'unread' })),
  leaf21(   'LFENCE_ALWAYS_SERIALIZING', 'host', since('5.18')),
  synthetic('LFENCE_ALWAYS_SERIALIZING', 'set',  since('5.18'), { when: ['LFENCE serializes'] }),
  tsa(      'VERW_CLEAR',                'host', since('6.16', { ...ofTsa, '6.1': '6.1.153' })),
  tsaSet(   'VERW_CLEAR',                'set',  since('6.16', ofTsaSet), { when: ['microcode makes VERW clear'] }),
  leaf21(   'NULL_SELECT_CLEARS_BASE',   'host', since('5.18')),
  synthetic('NULL_SELECT_CLEARS_BASE',   'set',  since('5.18'), { when: ['null selectors clear bases'] }),
  automatic('AUTOMATIC_IBRS',            'host', since('6.3')),
  smm(      'NO_SMM_CTL_MSR',            'set',  since('6.2', { '6.1': '6.1.153' })),
  prefetch( 'AMD_PREFETCHI',             'host', since('6.16')),
  eraps(    'ERAPS',                     'host', since('7.0'), { only: 'kvm_amd', when: ['tdp'] }),
  sbpb(     'SBPB',                      'host', since('6.7', { '6.6': 'unread' })),
  sbpb(     'SBPB',                      'set',  since('6.7', { '6.6': 'unread' }), { when: ['the kernel found SBPB'] }),
  brtype(   'IBPB_BRTYPE',               'host', since('6.7', { '6.6': 'unread' })),
  brtype(   'IBPB_BRTYPE',               'set',  since('6.7', { '6.6': 'unread' }), { when: ['IBPB clears branch types'] }),
  srso(     'SRSO_NO',                   'host', since('6.5', ofSrsoNo)),
  returns(  'SRSO_USER_KERNEL_NO',       'host', since('6.14', { '6.12': '6.12.54', '6.13': 'unread' })),
  tsa(      'TSA_SQ_NO',                 'host', since('6.16', ofTsa)),
  tsa(      'TSA_L1_NO',                 'host', since('6.16', ofTsa)),
  tsaSet(   'TSA_SQ_NO',                 'set',  since('6.16', ofTsaSet), { when: ['a family without TSA'] }),
  tsaSet(   'TSA_L1_NO',                 'set',  since('6.16', ofTsaSet), { when: ['a family without TSA'] }),
  tsaBug(   'TSA_SQ_NO',                 'set',  between('6.16', { absentIn: '6.18.30', presentIn: '7.0' })),
  tsaBug(   'TSA_L1_NO',                 'set',  between('6.16', { absentIn: '6.18.30', presentIn: '7.0' })),
  bases(    'TSA_FILL_NO',               'host', afterMainline),
  bases(    'TSA_FILL_NO',               'set',  afterMainline, { when: ['a family without TSA of fills'] }),
  svm(      'PERFMON_V2',                'host', since('6.5'), { only: 'kvm_amd', when: ['enough core counters'] }),
]

/** Leaf C0000001H. */
export const reportsC0000001: readonly Report[] = [
  caps('XSTORE',    'host', always),
  caps('XSTORE_EN', 'host', always),
  caps('XCRYPT',    'host', always),
  caps('XCRYPT_EN', 'host', always),
  caps('ACE2',      'host', always),
  caps('ACE2_EN',   'host', always),
  caps('PHE',       'host', always),
  caps('PHE_EN',    'host', always),
  caps('PMM',       'host', always),
  caps('PMM_EN',    'host', always),
]
