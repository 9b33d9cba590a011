import { bit, bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { leaf } from './leaf.ts'

const source = sdm('2A', '3.3', 'CPUID—CPU Identification')

export const leaf00 = leaf(0x00, 'any', 'Maximum Basic Leaf and Vendor', source, {
  eax: { MAX_BASIC_LEAF: bits(31, 0, 'The highest basic leaf') },
  ebx: { VENDOR_0:       bits(31, 0, 'First four characters of the vendor string') },
  ecx: { VENDOR_8:       bits(31, 0, 'Last four characters of the vendor string') },
  edx: { VENDOR_4:       bits(31, 0, 'Middle four characters of the vendor string') },
})

export const leaf01 = leaf(0x01, 'any', 'Version Information and Features', source, {
  eax: {
    STEPPING:        bits( 3,  0, 'Stepping ID'),
    MODEL:           bits( 7,  4, 'Model'),
    FAMILY:          bits(11,  8, 'Family'),
    PROCESSOR_TYPE:  bits(13, 12, 'Processor type'),
    EXTENDED_MODEL:  bits(19, 16, 'Extended model: the high digit of the model for families 6 and 15'),
    EXTENDED_FAMILY: bits(27, 20, 'Extended family: added to the family when that is 15'),
  },
  ebx: {
    BRAND_INDEX:      bits( 7,  0, 'Index into a table of brand strings'),
    CLFLUSH_SIZE:     bits(15,  8, 'CLFLUSH line size, in units of 8 bytes'),
    MAX_LOGICAL_IDS:  bits(23, 16, 'Addressable logical processors in the package, when HTT'),
    INITIAL_APIC_ID:  bits(31, 24, 'Low 8 bits of the initial APIC ID'),
  },
  ecx: {
    SSE3:         bit( 0, 'Streaming SIMD Extensions 3'),
    PCLMULQDQ:    bit( 1, 'PCLMULQDQ'),
    DTES64:       bit( 2, 'Debug store area with 64-bit layout'),
    MONITOR:      bit( 3, 'MONITOR and MWAIT'),
    DS_CPL:       bit( 4, 'Debug store qualified by privilege level'),
    VMX:          bit( 5, 'Virtual Machine Extensions'),
    SMX:          bit( 6, 'Safer Mode Extensions'),
    EIST:         bit( 7, 'Enhanced Intel SpeedStep'),
    TM2:          bit( 8, 'Thermal Monitor 2'),
    SSSE3:        bit( 9, 'Supplemental SSE3'),
    CNXT_ID:      bit(10, 'L1 context ID: the L1 data cache can be adaptive or shared'),
    SDBG:         bit(11, 'The IA32_DEBUG_INTERFACE MSR'),
    FMA:          bit(12, 'Fused multiply-add with YMM state'),
    CMPXCHG16B:   bit(13, 'CMPXCHG16B'),
    XTPR:         bit(14, 'xTPR update control: IA32_MISC_ENABLE[23] can change'),
    PDCM:         bit(15, 'The IA32_PERF_CAPABILITIES MSR'),
    PCID:         bit(17, 'Process-context identifiers, CR4.PCIDE'),
    DCA:          bit(18, 'Prefetch from a memory-mapped device'),
    SSE4_1:       bit(19, 'SSE4.1'),
    SSE4_2:       bit(20, 'SSE4.2'),
    X2APIC:       bit(21, 'x2APIC mode of the local APIC'),
    MOVBE:        bit(22, 'MOVBE'),
    POPCNT:       bit(23, 'POPCNT'),
    TSC_DEADLINE: bit(24, 'The APIC timer can fire at a TSC value'),
    AESNI:        bit(25, 'AES instructions'),
    XSAVE:        bit(26, 'XSAVE, XRSTOR, XSETBV, XGETBV and XCR0'),
    OSXSAVE:      bit(27, 'The system has set CR4.OSXSAVE'),
    AVX:          bit(28, '256-bit floating-point AVX'),
    F16C:         bit(29, 'Conversion to and from half precision'),
    RDRAND:       bit(30, 'RDRAND'),
    HYPERVISOR:   bit(31, 'A hypervisor runs below; no processor ever sets it'),
  },
  edx: {
    FPU:    bit( 0, 'An x87 unit'),
    VME:    bit( 1, 'Virtual-8086 mode extensions, CR4.VME and CR4.PVI'),
    DE:     bit( 2, 'Debugging extensions: I/O breakpoints, CR4.DE'),
    PSE:    bit( 3, 'Pages of 4 MBytes, CR4.PSE'),
    TSC:    bit( 4, 'RDTSC and CR4.TSD'),
    MSR:    bit( 5, 'RDMSR and WRMSR'),
    PAE:    bit( 6, 'Physical addresses of more than 32 bits, CR4.PAE'),
    MCE:    bit( 7, 'The machine-check exception, CR4.MCE'),
    CX8:    bit( 8, 'CMPXCHG8B'),
    APIC:   bit( 9, 'A local APIC, enabled in IA32_APIC_BASE'),
    SEP:    bit(11, 'SYSENTER and SYSEXIT'),
    MTRR:   bit(12, 'Memory type range registers'),
    PGE:    bit(13, 'Global pages, CR4.PGE'),
    MCA:    bit(14, 'Machine-check architecture: the MCG MSRs'),
    CMOV:   bit(15, 'CMOVcc, and with FPU also FCMOVcc and FCOMI'),
    PAT:    bit(16, 'Page attribute table'),
    PSE_36: bit(17, '4-MByte pages above 4 GBytes'),
    PSN:    bit(18, 'Processor serial number'),
    CLFSH:  bit(19, 'CLFLUSH'),
    DS:     bit(21, 'Debug store'),
    ACPI:   bit(22, 'Thermal monitor and clock control through MSRs'),
    MMX:    bit(23, 'MMX'),
    FXSR:   bit(24, 'FXSAVE and FXRSTOR, CR4.OSFXSR'),
    SSE:    bit(25, 'Streaming SIMD Extensions'),
    SSE2:   bit(26, 'Streaming SIMD Extensions 2'),
    SS:     bit(27, 'Self-snoop'),
    HTT:    bit(28, 'MAX_LOGICAL_IDS is valid: more than one logical processor'),
    TM:     bit(29, 'Thermal Monitor'),
    PBE:    bit(31, 'Pending break enable'),
  },
})

export const leaf02 = leaf(0x02, 'any', 'Cache and TLB Descriptors', source, {
  eax: { ITERATIONS: bits(7, 0, 'Always 01H'), DESCRIPTORS_EAX: bits(31, 8, 'One-byte descriptors') },
  ebx: { DESCRIPTORS_EBX: bits(31, 0, 'One-byte descriptors') },
  ecx: { DESCRIPTORS_ECX: bits(31, 0, 'One-byte descriptors') },
  edx: { DESCRIPTORS_EDX: bits(31, 0, 'One-byte descriptors') },
})

export const leaf03 = leaf(0x03, 'any', 'Processor Serial Number', source, {
  ecx: { SERIAL_LOW:  bits(31, 0, 'Bits 31:0 of the serial number, where PSN') },
  edx: { SERIAL_HIGH: bits(31, 0, 'Bits 63:32 of the serial number, where PSN') },
})
