import { bit, bits } from '@vmm/bits'
import { apm } from '@vmm/source'
import { flag, leaf } from './leaf.ts'

export const leaf8000000A = leaf(0x8000_000a, 'any', 'SVM Features', apm('3', 'E.4.9', 'Function 8000_000Ah—SVM Features'), {
  eax: { SVM_REVISION: bits( 7, 0, 'SVM revision') },
  ebx: { NASID:        bits(31, 0, 'Address space identifiers') },
  edx: {
    NP:                       bit( 0, 'Nested paging'),
    LBR_VIRT:                 bit( 1, 'LBR virtualization'),
    SVML:                     bit( 2, 'SVM lock'),
    NRIPS:                    bit( 3, 'Next RIP is saved on #VMEXIT'),
    TSC_RATE_MSR:             bit( 4, 'TSC_RATIO MSR'),
    VMCB_CLEAN:               bit( 5, 'VMCB clean bits'),
    FLUSH_BY_ASID:            bit( 6, 'TLB flush by ASID'),
    DECODE_ASSISTS:           bit( 7, 'Decode assists'),
    PMC_VIRT:                 bit( 8, 'PMC virtualization'),
    PAUSE_FILTER:             bit(10, 'Pause intercept filter'),
    PAUSE_FILTER_THRESHOLD:   bit(12, 'Pause filter threshold'),
    AVIC:                     bit(13, 'Virtual interrupt controller'),
    VMSAVE_VIRT:              bit(15, 'Virtual VMSAVE and VMLOAD'),
    VGIF:                     bit(16, 'Virtual GIF'),
    GMET:                     bit(17, 'Guest mode execute trap'),
    X2AVIC:                   bit(18, 'Virtual x2APIC'),
    SSS_CHECK:                bit(19, 'Supervisor shadow stack check'),
    SPEC_CTRL_VIRT:           bit(20, 'SPEC_CTRL virtualization'),
    ROGPT:                    bit(21, 'Read-only guest page tables'),
    HOST_MCE_OVERRIDE:        bit(23, 'Host MCE override'),
    TLBI_CTL:                 bit(24, 'INVLPGB and TLBSYNC in guests'),
    VNMI:                     bit(25, 'Virtual NMI'),
    IBS_VIRT:                 bit(26, 'IBS virtualization'),
    EXT_LVT_AVIC:             bit(27, 'Changed reads and writes of extended LVT with AVIC'),
    NESTED_VIRT_VMCB_CHK:     bit(28, 'Checks of the VMCB address'),
    BUS_LOCK_THRESHOLD:       bit(29, 'Bus lock threshold'),
    IDLE_HLT_INTERCEPT:       bit(30, 'Idle HLT intercept'),
  },
})

export const leaf80000019 = leaf(0x8000_0019, 'any', 'TLB Characteristics for 1-GByte Pages', apm('3', 'E.4.11', 'Function 8000_0019h—TLB Characteristics for 1GB pages'), {
  eax: { L1_ITLB_1G_ENTRIES: bits(11, 0, 'Entries'), L1_ITLB_1G_WAYS: bits(15, 12, 'Ways'), L1_DTLB_1G_ENTRIES: bits(27, 16, 'Entries'), L1_DTLB_1G_WAYS: bits(31, 28, 'Ways') },
  ebx: { L2_ITLB_1G_ENTRIES: bits(11, 0, 'Entries'), L2_ITLB_1G_WAYS: bits(15, 12, 'Ways'), L2_DTLB_1G_ENTRIES: bits(27, 16, 'Entries'), L2_DTLB_1G_WAYS: bits(31, 28, 'Ways') },
})

export const leaf8000001A = leaf(0x8000_001a, 'any', 'Instruction Optimizations', apm('3', 'E.4.12', 'Function 8000_001Ah—Instruction Optimizations'), {
  eax: {
    FP128: bit(0, 'SSE is executed in 128 bits'),
    MOVU:  bit(1, 'Unaligned moves are as fast as shuffles'),
    FP256: bit(2, 'AVX is executed in 256 bits'),
    FP512: bit(3, 'AVX-512 is executed in 512 bits'),
  },
})

export const leaf8000001B = leaf(0x8000_001b, 'any', 'Instruction-Based Sampling', apm('3', 'E.4.13', 'Function 8000_001Bh—Instruction-Based Sampling Capabilities'), {
  eax: {
    IBS_VALID:           flag( 0, 'The other bits mean something'),
    IBS_FETCH:           flag( 1, 'Fetch sampling'),
    IBS_OP:              flag( 2, 'Execution sampling'),
    IBS_OP_COUNTER:      flag( 3, 'The op counter can be read and written'),
    IBS_OP_COUNT:        flag( 4, 'Counting of dispatched ops'),
    IBS_BRANCH_TARGET:   flag( 5, 'Branch target addresses'),
    IBS_OP_COUNT_EXT:    flag( 6, 'Count fields 7 bits wider'),
    IBS_RIP_INVALID:     flag( 7, 'Invalid RIPs are told'),
    IBS_BRANCH_FUSED:    flag( 8, 'Fused branches are told'),
    IBS_FETCH_EXT:       flag( 9, 'IC_IBS_EXTD_CTL'),
    IBS_OP_DATA_4:       flag(10, 'IBS_OP_DATA4'),
    IBS_L3_MISS_FILTER:  flag(11, 'Filtering by L3 miss'),
    IBS_LOAD_LATENCY:    flag(12, 'Filtering by load latency'),
    IBS_UPDATED_DTLB:    flag(19, 'Simplified DTLB statistics'),
  },
})

export const leaf8000001C = leaf(0x8000_001c, 'any', 'Lightweight Profiling', apm('3', 'E.4.14', 'Function 8000_001Ch—Lightweight Profiling Capabilities'), {
  eax: { LWP_CAPABILITIES: bits(31, 0, 'Capabilities available now') },
  ebx: { LWP_SIZES:        bits(31, 0, 'Sizes of its structures') },
  ecx: { LWP_LATENCY:      bits(31, 0, 'Latency and filtering') },
  edx: { LWP_SUPPORTED:    bits(31, 0, 'Capabilities supported') },
})

export const leaf8000001F = leaf(0x8000_001f, 'any', 'Encrypted Memory', apm('3', 'E.4.17', 'Function 8000_001Fh—Encrypted Memory Capabilities'), {
  eax: {
    SME:                 bit( 0, 'Secure Memory Encryption'),
    SEV:                 bit( 1, 'Secure Encrypted Virtualization'),
    PAGE_FLUSH_MSR:      bit( 2, 'The page flush MSR'),
    SEV_ES:              bit( 3, 'SEV with encrypted state'),
    SEV_SNP:             bit( 4, 'SEV with secure nested paging'),
    VMPL:                bit( 5, 'VM permission levels'),
    RMPQUERY:            bit( 6, 'RMPQUERY'),
    VMPL_SSS:            bit( 7, 'Supervisor shadow stacks with VMPL'),
    SECURE_TSC:          bit( 8, 'Secure TSC'),
    TSC_AUX_VIRT:        bit( 9, 'TSC_AUX virtualization'),
    HW_ENF_CACHE_COH:    bit(10, 'Cache coherency across encryption domains'),
    SEV_64BIT_HOST:      bit(11, 'SEV guests only from a 64-bit host'),
    RESTRICTED_INJECT:   bit(12, 'Restricted injection'),
    ALTERNATE_INJECT:    bit(13, 'Alternate injection'),
    DEBUG_VIRT:          bit(14, 'Full debug state for SEV-ES'),
    PREVENT_HOST_IBS:    bit(15, 'The host cannot sample SEV-ES guests'),
    VTE:                 bit(16, 'Virtual transparent encryption'),
  },
  ebx: {
    C_BIT_POSITION:         bits( 5,  0, 'Position of the C-bit'),
    PHYSICAL_REDUCTION:     bits(11,  6, 'Physical address bits lost to encryption'),
    NUM_VMPL:               bits(15, 12, 'VM permission levels'),
  },
  ecx: { NUM_ENCRYPTED_GUESTS: bits(31, 0, 'Encrypted guests at once') },
  edx: { MIN_SEV_NO_ES_ASID:   bits(31, 0, 'Lowest ASID of a SEV guest without ES') },
})

export const leaf80000020 = leaf(0x8000_0020, 0, 'Platform QoS Extensions', apm('3', 'E.4.18', 'Function 8000_0020h—PQoS Enhanced Features'), {
  ebx: {
    L3_BANDWIDTH_ENFORCEMENT:   flag(1, 'Memory bandwidth enforcement'),
    L3_SLOW_BANDWIDTH:          flag(2, 'Slow memory bandwidth enforcement'),
    BANDWIDTH_EVENT_CONFIG:     flag(3, 'Configurable bandwidth monitoring events'),
    L3_RANGE_RESERVATIONS:      flag(4, 'L3 range reservations'),
    ASSIGNABLE_BANDWIDTH_COUNTERS: flag(5, 'Assignable bandwidth monitoring counters'),
    SDCI_ALLOCATION_ENFORCEMENT:   flag(6, 'Allocation enforcement of smart data cache injection'),
  },
})

export const leaf80000020Sub1 = leaf(0x8000_0020, 1, 'L3 Bandwidth Enforcement', apm('3', 'E.4.18', 'Function 8000_0020h—PQoS Enhanced Features'), {
  eax: { L3BE_LENGTH:  bits(31, 0, 'Width of the bandwidth field') },
  edx: { L3BE_MAX_COS: bits(31, 0, 'Highest class of service') },
})

export const leaf80000020Sub2 = leaf(0x8000_0020, 2, 'L3 Slow Bandwidth Enforcement', apm('3', 'E.4.18', 'Function 8000_0020h—PQoS Enhanced Features'), {
  eax: { L3SBE_LENGTH:  bits(31, 0, 'Width of the bandwidth field') },
  edx: { L3SBE_MAX_COS: bits(31, 0, 'Highest class of service') },
})

export const leaf80000020Sub3 = leaf(0x8000_0020, 3, 'Bandwidth Monitoring Events', apm('3', 'E.4.18', 'Function 8000_0020h—PQoS Enhanced Features'), {
  ebx: { BMEC_EVENTS: bits( 7, 0, 'Configurable events') },
  ecx: { BMEC_TYPES:  bits(31, 0, 'Transactions that can be counted, as a mask') },
})

export const leaf80000021 = leaf(0x8000_0021, 'any', 'Extended Feature Identification 2', apm('3', 'E.4.19', 'Function 8000_0021h—Extended Feature Identification 2'), {
  eax: {
    NO_NESTED_DATA_BP:            bit( 0, 'Data breakpoints are not nested'),
    FS_GS_BASE_NON_SERIALIZING:   bit( 1, 'Writing FS_BASE, GS_BASE, KERNEL_GS_BASE does not serialize'),
    LFENCE_ALWAYS_SERIALIZING:    bit( 2, 'LFENCE always waits'),
    SMM_PG_CFG_LOCK:              bit( 3, 'SMM paging configuration lock'),
    VERW_CLEAR:                   bit( 5, 'VERW clears buffers'),
    NULL_SELECT_CLEARS_BASE:      bit( 6, 'A null selector clears base and limit'),
    UPPER_ADDRESS_IGNORE:         bit( 7, 'Upper address ignore'),
    AUTOMATIC_IBRS:               bit( 8, 'EFER.AIBRSE'),
    NO_SMM_CTL_MSR:               bit( 9, 'SMM_CTL does not exist'),
    AMD_FSRS:                     bit(10, 'Fast short REP STOSB'),
    AMD_FSRC:                     bit(11, 'Fast short REP CMPSB'),
    PREFETCH_CTL_MSR:             bit(13, 'PrefetchControl MSR'),
    L2_TLB_SIZE_X32:              bit(14, 'L2 TLB sizes are in units of 32'),
    AMD_ERMSB:                    bit(15, 'Enhanced REP MOVSB and STOSB on AMD'),
    CPUID_USER_DIS:               bit(17, 'HWCR[35]: CPUID faults above CPL 0'),
    EPSF:                         bit(18, 'Enhanced predictive store forwarding'),
    AMD_PREFETCHI:                bit(20, 'IC prefetch'),
    ERAPS:                        bit(24, 'Enhanced return address predictor security'),
    SBPB:                         bit(27, 'Selective branch predictor barrier'),
    IBPB_BRTYPE:                  bit(28, 'IBPB flushes branch type predictions'),
    SRSO_NO:                      bit(29, 'No speculative return stack overflow'),
    SRSO_USER_KERNEL_NO:          bit(30, 'None across user and kernel'),
    SRSO_MSR_FIX:                 bit(31, 'BP_CFG[4] prevents it'),
  },
  ebx: {
    MICROCODE_PATCH_SIZE: bits(15,  0, 'Size of a patch in units of 16 bytes'),
    RAP_SIZE:             bits(23, 16, 'Entries of the return address predictor, in units of 8'),
  },
  ecx: {
    TSA_SQ_NO: bit(1, 'No transient scheduler attack through the store queue'),
    TSA_L1_NO: bit(2, 'No transient scheduler attack through the L1 cache'),
    TSA_FILL_NO: bit(7, 'No transient scheduler attack through fills'),
  },
})

const performance = apm('3', 'E.4.20', 'Function 8000_0022h—Extended Performance Monitoring and Debug')

export const leaf80000022 = leaf(0x8000_0022, 'any', 'Extended Performance Monitoring and Debug', performance, {
  eax: {
    PERFMON_V2:         bit(0, 'Performance monitoring version 2: global control and status'),
    AMD_LBR_V2:         bit(1, 'Last branch record stack'),
    AMD_LBR_PMC_FREEZE: bit(2, 'The LBR stack and the counters freeze on overflow'),
  },
  ebx: {
    NUM_PERF_CTR_CORE: bits( 3,  0, 'Core performance counters'),
    LBR_STACK_SIZE:    bits( 9,  4, 'Entries of the LBR stack'),
    NUM_PERF_CTR_NB:   bits(15, 10, 'Northbridge performance counters'),
    NUM_PERF_CTR_UMC:  bits(21, 16, 'Memory controller performance counters'),
  },
  ecx: { ACTIVE_UMCS: bits(31, 0, 'Active memory controllers, as a mask') },
})

export const leaf80000023 = leaf(0x8000_0023, 'any', 'Multi-Key Encrypted Memory', apm('3', 'E.4.21', 'Function 8000_0023h—Multi-Key Encrypted Memory Capabilities'), {
  eax: { MEM_HMK: bit(0, 'Host memory encryption with many keys') },
  ebx: { MAX_MEM_HMK_KEYS: bits(15, 0, 'Key IDs') },
})

export const leaf80000025 = leaf(0x8000_0025, 'any', 'Segmented RMP', apm('3', 'E.4.23', 'Function 8000_0025h—SEV-SNP RMP Segmentation'), {
  eax: {
    MIN_RMP_SEGMENT_SIZE: bits( 5, 0, 'Smallest segment: log2 of bytes'),
    MAX_RMP_SEGMENT_SIZE: bits(11, 6, 'Largest segment: log2 of bytes'),
  },
  ebx: {
    CACHEABLE_RMP_SEGMENTS:  bits( 9, 0, 'Segments that can be cached'),
    RMP_SEGMENTS_HARD_LIMIT: flag(10,    'There cannot be more'),
  },
})

export const leaf80000026 = leaf(0x8000_0026, { from: 0 }, 'Extended CPU Topology', apm('3', 'E.4.24', 'Function 8000_0026—Extended CPU Topology'), {
  eax: {
    TOPOLOGY_SHIFT:               bits( 4, 0, 'Bits to shift the extended APIC ID right for the ID of the next level'),
    EFFICIENCY_RANKING_AVAILABLE: flag(29,    'The efficiency ranking varies'),
    HETEROGENEOUS_CORES:          flag(30,    'Components of this level are of more than one kind'),
    ASYMMETRIC_TOPOLOGY:          flag(31,    'Components of this level have different numbers of logical processors'),
  },
  ebx: {
    LOGICAL_PROCESSORS:       bits(15,  0, 'Logical processors at this level'),
    POWER_EFFICIENCY_RANKING: bits(23, 16, 'Efficiency ranking'),
    NATIVE_MODEL_ID:          bits(27, 24, 'Native model'),
    CORE_TYPE:                bits(31, 28, '0 performance, 1 efficiency'),
  },
  ecx: {
    TOPOLOGY_SUBLEAF: bits( 7, 0, 'The ECX input, low 8 bits'),
    LEVEL_TYPE:       bits(15, 8, '0 none, 1 core, 2 complex, 3 die, 4 socket'),
  },
  edx: { EXTENDED_APIC_ID: bits(31, 0, 'The extended APIC ID') },
})
