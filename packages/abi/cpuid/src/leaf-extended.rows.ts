import { bit, bits } from '@vmm/bits'
import { apm, sdm } from '@vmm/source'
import { flag, leaf } from './leaf.ts'

const intel = sdm('2A', '3.3', 'CPUID—CPU Identification')

export const leaf80000000 = leaf(0x8000_0000, 'any', 'Maximum Extended Leaf', intel, {
  eax: { MAX_EXTENDED_LEAF: bits(31, 0, 'The highest extended leaf') },
  ebx: { EXTENDED_VENDOR_0: bits(31, 0, 'AMD: first four characters of the vendor string') },
  ecx: { EXTENDED_VENDOR_8: bits(31, 0, 'AMD: last four characters of the vendor string') },
  edx: { EXTENDED_VENDOR_4: bits(31, 0, 'AMD: middle four characters of the vendor string') },
})

export const leaf80000001 = leaf(0x8000_0001, 'any', 'Extended Feature Flags', apm('3', 'E.4.2', 'Function 8000_0001h—Extended Processor and Processor Feature Identifiers'), {
  eax: { EXTENDED_SIGNATURE: bits(31, 0, 'AMD: the same as leaf 01H') },
  ebx: {
    AMD_BRAND_ID: bits(15,  0, 'AMD: brand ID'),
    PACKAGE_TYPE: bits(31, 28, 'AMD: package type'),
  },
  ecx: {
    LAHF_LM:              bit( 0, 'LAHF and SAHF in 64-bit mode'),
    CMP_LEGACY:           bit( 1, 'Cores, not threads, behind HTT'),
    SVM:                  bit( 2, 'Secure Virtual Machine'),
    EXT_APIC_SPACE:       bit( 3, 'Extended APIC registers'),
    ALT_MOV_CR8:          bit( 4, 'LOCK MOV CR0 means MOV CR8'),
    LZCNT:                bit( 5, 'LZCNT'),
    SSE4A:                bit( 6, 'EXTRQ, INSERTQ, MOVNTSS, MOVNTSD'),
    MISALIGN_SSE:         bit( 7, 'Misaligned SSE mode, MXCSR.MM'),
    PREFETCHW:            bit( 8, 'PREFETCH and PREFETCHW'),
    OSVW:                 bit( 9, 'OS-visible workaround MSRs'),
    IBS:                  bit(10, 'Instruction-based sampling'),
    XOP:                  bit(11, 'XOP instructions'),
    SKINIT:               bit(12, 'SKINIT and STGI'),
    WDT:                  bit(13, 'Watchdog timer'),
    LWP:                  bit(15, 'Lightweight profiling'),
    FMA4:                 bit(16, 'Four-operand multiply-add'),
    TCE:                  bit(17, 'Translation cache extension'),
    NODEID_MSR:           bit(19, 'The NodeId MSR'),
    TBM:                  bit(21, 'Trailing bit manipulation'),
    TOPOLOGY_EXTENSIONS:  bit(22, 'Leaves 8000001DH and 8000001EH'),
    PERF_CTR_EXT_CORE:    bit(23, 'Core performance counter extensions'),
    PERF_CTR_EXT_NB:      bit(24, 'Northbridge performance counter extensions'),
    DATA_BKPT_EXT:        bit(26, 'Data breakpoint extension'),
    PERF_TSC:             bit(27, 'Performance time-stamp counter'),
    PERF_CTR_EXT_LLC:     bit(28, 'Last-level cache performance counter extensions'),
    MONITORX:             bit(29, 'MONITORX and MWAITX'),
    ADDR_MASK_EXT:        bit(30, 'Breakpoint address masks to bit 31'),
  },
  edx: {
    AMD_FPU:      flag( 0, 'AMD: as in leaf 01H'),
    AMD_VME:      flag( 1, 'AMD: as in leaf 01H'),
    AMD_DE:       flag( 2, 'AMD: as in leaf 01H'),
    AMD_PSE:      flag( 3, 'AMD: as in leaf 01H'),
    AMD_TSC:      flag( 4, 'AMD: as in leaf 01H'),
    AMD_MSR:      flag( 5, 'AMD: as in leaf 01H'),
    AMD_PAE:      flag( 6, 'AMD: as in leaf 01H'),
    AMD_MCE:      flag( 7, 'AMD: as in leaf 01H'),
    AMD_CX8:      flag( 8, 'AMD: as in leaf 01H'),
    AMD_APIC:     flag( 9, 'AMD: as in leaf 01H'),
    SYSCALL:      bit (11, 'SYSCALL and SYSRET'),
    AMD_MTRR:     flag(12, 'AMD: as in leaf 01H'),
    AMD_PGE:      flag(13, 'AMD: as in leaf 01H'),
    AMD_MCA:      flag(14, 'AMD: as in leaf 01H'),
    AMD_CMOV:     flag(15, 'AMD: as in leaf 01H'),
    AMD_PAT:      flag(16, 'AMD: as in leaf 01H'),
    AMD_PSE_36:   flag(17, 'AMD: as in leaf 01H'),
    NX:           bit (20, 'Execute disable'),
    MMX_EXT:      bit (22, 'AMD extensions to MMX'),
    AMD_MMX:      flag(23, 'AMD: as in leaf 01H'),
    AMD_FXSR:     flag(24, 'AMD: as in leaf 01H'),
    FFXSR:        bit (25, 'FXSAVE without XMM registers at CPL 0, EFER.FFXSR'),
    PAGE_1GB:     bit (26, 'Pages of 1 GByte'),
    RDTSCP:       bit (27, 'RDTSCP and IA32_TSC_AUX'),
    LM:           bit (29, 'Intel 64: long mode'),
    EXT_3DNOW:    bit (30, 'AMD extensions to 3DNow!'),
    AMD_3DNOW:    bit (31, '3DNow!'),
  },
})

const brand = { eax: { BRAND_0: bits(31, 0, 'Four characters') }, ebx: { BRAND_4: bits(31, 0, 'Four characters') }, ecx: { BRAND_8: bits(31, 0, 'Four characters') }, edx: { BRAND_12: bits(31, 0, 'Four characters') } }

export const leaf80000002 = leaf(0x8000_0002, 'any', 'Brand String, Characters 0 to 15',  intel, brand)
export const leaf80000003 = leaf(0x8000_0003, 'any', 'Brand String, Characters 16 to 31', intel, brand)
export const leaf80000004 = leaf(0x8000_0004, 'any', 'Brand String, Characters 32 to 47', intel, brand)

export const leaf80000005 = leaf(0x8000_0005, 'any', 'L1 Cache and TLB (AMD)', apm('3', 'E.4.4', 'Function 8000_0005h—L1 Cache and TLB Information'), {
  eax: { L1_ITLB_2M_ENTRIES: bits(7, 0, 'Entries'), L1_ITLB_2M_WAYS: bits(15, 8, 'Ways'), L1_DTLB_2M_ENTRIES: bits(23, 16, 'Entries'), L1_DTLB_2M_WAYS: bits(31, 24, 'Ways') },
  ebx: { L1_ITLB_4K_ENTRIES: bits(7, 0, 'Entries'), L1_ITLB_4K_WAYS: bits(15, 8, 'Ways'), L1_DTLB_4K_ENTRIES: bits(23, 16, 'Entries'), L1_DTLB_4K_WAYS: bits(31, 24, 'Ways') },
  ecx: { L1D_LINE: bits(7, 0, 'Bytes in a line'), L1D_LINES_PER_TAG: bits(15, 8, 'Lines per tag'), L1D_WAYS: bits(23, 16, 'Ways'), L1D_KBYTES: bits(31, 24, 'Size in KBytes') },
  edx: { L1I_LINE: bits(7, 0, 'Bytes in a line'), L1I_LINES_PER_TAG: bits(15, 8, 'Lines per tag'), L1I_WAYS: bits(23, 16, 'Ways'), L1I_KBYTES: bits(31, 24, 'Size in KBytes') },
})

export const leaf80000006 = leaf(0x8000_0006, 'any', 'L2 and L3 Cache', intel, {
  eax: { L2_ITLB_2M_ENTRIES: bits(11, 0, 'AMD: entries'), L2_ITLB_2M_WAYS: bits(15, 12, 'AMD: ways'), L2_DTLB_2M_ENTRIES: bits(27, 16, 'AMD: entries'), L2_DTLB_2M_WAYS: bits(31, 28, 'AMD: ways') },
  ebx: { L2_ITLB_4K_ENTRIES: bits(11, 0, 'AMD: entries'), L2_ITLB_4K_WAYS: bits(15, 12, 'AMD: ways'), L2_DTLB_4K_ENTRIES: bits(27, 16, 'AMD: entries'), L2_DTLB_4K_WAYS: bits(31, 28, 'AMD: ways') },
  ecx: { L2_LINE: bits(7, 0, 'Bytes in a line'), L2_LINES_PER_TAG: bits(11, 8, 'AMD: lines per tag'), L2_WAYS: bits(15, 12, 'Associativity, encoded'), L2_KBYTES: bits(31, 16, 'Size in KBytes') },
  edx: { L3_LINE: bits(7, 0, 'AMD: bytes in a line'), L3_LINES_PER_TAG: bits(11, 8, 'AMD: lines per tag'), L3_WAYS: bits(15, 12, 'AMD: associativity, encoded'), L3_HALF_MBYTES: bits(31, 18, 'AMD: size in units of 512 KBytes') },
})

export const leaf80000007 = leaf(0x8000_0007, 'any', 'Power Management and RAS', apm('3', 'E.4.6', 'Function 8000_0007h—Processor Power Management and RAS Capabilities'), {
  ebx: {
    MCA_OVERFLOW_RECOV: bit(0, 'Recovery from an MCA overflow'),
    SUCCOR:             bit(1, 'Uncorrectable errors are contained'),
    HWA:                bit(2, 'Hardware assert MSRs'),
    SCALABLE_MCA:       bit(3, 'Scalable MCA'),
  },
  ecx: { POWER_SAMPLE_RATIO: bits(31, 0, 'Compute unit power sample period ratio') },
  edx: {
    TS:                   bit( 0, 'Temperature sensor'),
    FID:                  bit( 1, 'Frequency ID control'),
    VID:                  bit( 2, 'Voltage ID control'),
    TTP:                  bit( 3, 'THERMTRIP'),
    HTC:                  bit( 4, 'Hardware thermal control'),
    STEPS_100MHZ:         bit( 6, 'Multiplier control in steps of 100 MHz'),
    HW_PSTATE:            bit( 7, 'Hardware P-state control'),
    INVARIANT_TSC:        bit( 8, 'The TSC runs at one rate in all states'),
    CPB:                  bit( 9, 'Core performance boost'),
    EFF_FREQ_RO:          bit(10, 'Read-only effective frequency'),
    PROC_FEEDBACK:        bit(11, 'Processor feedback'),
    PROC_POWER_REPORTING: bit(12, 'Core power reporting'),
  },
})

export const leaf80000008 = leaf(0x8000_0008, 'any', 'Address Sizes and Extended Features', apm('3', 'E.4.7', 'Function 8000_0008h—Processor Capacity Parameters and Extended Feature Identification'), {
  eax: {
    PHYSICAL_ADDRESS_BITS:       bits( 7,  0, 'MAXPHYADDR'),
    LINEAR_ADDRESS_BITS:         bits(15,  8, 'Width of a linear address'),
    GUEST_PHYSICAL_ADDRESS_BITS: bits(23, 16, 'Width of a guest-physical address; 0 is the same'),
  },
  ebx: {
    CLZERO:                 bit( 0, 'CLZERO'),
    INST_RET_CNT_MSR:       bit( 1, 'Instructions retired counter'),
    RSTR_FP_ERR_PTRS:       bit( 2, 'FXRSTOR and XRSTOR always restore error pointers'),
    INVLPGB:                bit( 3, 'INVLPGB and TLBSYNC'),
    RDPRU:                  bit( 4, 'RDPRU'),
    BE:                     bit( 6, 'Bandwidth enforcement'),
    MCOMMIT:                bit( 8, 'MCOMMIT'),
    WBNOINVD:               bit( 9, 'WBNOINVD'),
    AMD_IBPB:               bit(12, 'Indirect branch prediction barrier'),
    INT_WBINVD:             bit(13, 'WBINVD and WBNOINVD can be interrupted'),
    AMD_IBRS:               bit(14, 'Indirect branch restricted speculation'),
    AMD_STIBP:              bit(15, 'Single thread indirect branch predictors'),
    IBRS_ALWAYS_ON:         bit(16, 'IBRS may be left on'),
    STIBP_ALWAYS_ON:        bit(17, 'STIBP may be left on'),
    IBRS_PREFERRED:         bit(18, 'IBRS is preferred over software'),
    IBRS_SAME_MODE:         bit(19, 'IBRS protects within one mode'),
    EFER_LMSLE_UNSUPPORTED: bit(20, 'EFER.LMSLE does not exist'),
    INVLPGB_NESTED_PAGES:   bit(21, 'INVLPGB for nested pages'),
    AMD_PPIN:               bit(23, 'Protected processor inventory number'),
    AMD_SSBD:               bit(24, 'Speculative store bypass disable'),
    VIRT_SSBD:              bit(25, 'VIRT_SPEC_CTRL MSR'),
    AMD_SSB_NO:             bit(26, 'No speculative store bypass'),
    CPPC:                   bit(27, 'Collaborative processor performance control'),
    AMD_PSFD:               bit(28, 'Predictive store forward disable'),
    BTC_NO:                 bit(29, 'No branch type confusion'),
    IBPB_RET:               bit(30, 'IBPB clears the return predictor'),
    BRS:                    bit(31, 'Branch sampling'),
  },
  ecx: {
    NC:            bits( 7,  0, 'Threads in the package, minus 1'),
    APIC_ID_SIZE:  bits(15, 12, 'Bits of an APIC ID for the threads of a package'),
    PERF_TSC_SIZE: bits(17, 16, 'Width of the performance time-stamp counter'),
  },
  edx: {
    INVLPGB_COUNT_MAX: bits(15,  0, 'Most pages of one INVLPGB'),
    MAX_RDPRU_ID:      bits(31, 16, 'The highest RDPRU register'),
  },
})
