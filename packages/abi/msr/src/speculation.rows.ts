import { bit } from '@vmm/bits'
import { kernelSource, sdm } from '@vmm/source'
import { msr } from './msr.ts'
import { keepsNothing } from './rules.ts'

const table = sdm('4', '2.1', 'Table 2-2, Architectural MSRs')
const kernel = kernelSource('arch/x86/include/asm/msr-index.h', 'MSR_IA32_ARCH_CAPABILITIES', '6.1.176')

const archCapabilities = {
  RDCL_NO:                      bit( 0, 'Not susceptible to rogue data cache loads'),
  IBRS_ALL:                     bit( 1, 'IBRS can be left on'),
  RSBA:                         bit( 2, 'RET may use other predictors when the return stack is empty'),
  SKIP_L1DFL_VMENTRY:           bit( 3, 'No flush of the L1 data cache is needed before VM entry'),
  SSB_NO:                       bit( 4, 'Not susceptible to speculative store bypass'),
  MDS_NO:                       bit( 5, 'Not susceptible to microarchitectural data sampling'),
  IF_PSCHANGE_MC_NO:            bit( 6, 'No machine check when the size of a code page changes'),
  TSX_CTRL:                     bit( 7, 'IA32_TSX_CTRL'),
  TAA_NO:                       bit( 8, 'Not susceptible to TSX asynchronous abort'),
  MCU_CONTROL:                  bit( 9, 'IA32_MCU_CONTROL'),
  MISC_PACKAGE_CTLS:            bit(10, 'IA32_MISC_PACKAGE_CTLS'),
  ENERGY_FILTERING_CTL:         bit(11, 'Energy filtering can be controlled'),
  DOITM:                        bit(12, 'Data operand independent timing mode'),
  SBDR_SSDP_NO:                 bit(13, 'Not susceptible to shared buffer data reads'),
  FBSDP_NO:                     bit(14, 'Not susceptible to fill buffer stale data propagation'),
  PSDP_NO:                      bit(15, 'Not susceptible to primary stale data propagation'),
  MCU_ENUMERATION:              bit(16, 'Microcode update enumeration MSRs'),
  FB_CLEAR:                     bit(17, 'VERW overwrites fill buffers'),
  FB_CLEAR_CTRL:                bit(18, 'IA32_MCU_OPT_CTRL.FB_CLEAR_DIS'),
  RRSBA:                        bit(19, 'RET may use other predictors, restricted to the kernel'),
  BHI_NO:                       bit(20, 'Not susceptible to branch history injection'),
  XAPIC_DISABLE_STATUS:         bit(21, 'IA32_XAPIC_DISABLE_STATUS'),
  MCU_EXTENDED_SERVICE:         bit(22, 'IA32_MCU_EXT_SERVICE'),
  OVERCLOCKING_STATUS:          bit(23, 'IA32_OVERCLOCKING_STATUS'),
  PBRSB_NO:                     bit(24, 'Not susceptible to post-barrier return stack predictions'),
  GDS_CTRL:                     bit(25, 'IA32_MCU_OPT_CTRL.GDS_MITG_DIS'),
  GDS_NO:                       bit(26, 'Not susceptible to gather data sampling'),
  RFDS_NO:                      bit(27, 'Not susceptible to register file data sampling'),
  RFDS_CLEAR:                   bit(28, 'VERW overwrites the register file'),
  IGN_UMONITOR_SUPPORT:         bit(29, 'IA32_MCU_OPT_CTRL.IGN_UMONITOR'),
  MON_UMON_MITG_SUPPORT:        bit(30, 'IA32_MCU_OPT_CTRL.MON_UMON_MITG'),
  PBOPT_SUPPORT:                bit(32, 'IA32_PBOPT_CTRL'),
  ITS_NO:                       bit(62, 'Not susceptible to indirect target selection; set by hypervisors only'),
} as const

/** Nothing here speculates: a guest is told so, and picks no costly mitigation. */
const immune = ['RDCL_NO', 'IBRS_ALL', 'SKIP_L1DFL_VMENTRY', 'SSB_NO', 'MDS_NO', 'IF_PSCHANGE_MC_NO', 'TAA_NO', 'SBDR_SSDP_NO',
  'FBSDP_NO', 'PSDP_NO', 'BHI_NO', 'PBRSB_NO', 'GDS_NO', 'RFDS_NO', 'ITS_NO'] as const satisfies readonly (keyof typeof archCapabilities)[]

export const speculationMsrs = [
  msr(0x048, 'IA32_SPEC_CTRL', table, 'plain', {
    needs: ['SPEC_CTRL', 'STIBP', 'SSBD', 'AMD_IBRS', 'AMD_STIBP', 'AMD_SSBD'],
    fields: {
      IBRS:        { ...bit( 0, 'Indirect branch restricted speculation'), needs: ['SPEC_CTRL', 'AMD_IBRS'] },
      STIBP:       { ...bit( 1, 'Single thread indirect branch predictors'), needs: ['STIBP', 'AMD_STIBP'] },
      SSBD:        { ...bit( 2, 'Speculative store bypass disable'), needs: ['SSBD', 'AMD_SSBD'] },
      IPRED_DIS_U: { ...bit( 3, 'Indirect predictions limited in user mode'), needs: 'IPRED_CTRL' },
      IPRED_DIS_S: { ...bit( 4, 'Indirect predictions limited in supervisor mode'), needs: 'IPRED_CTRL' },
      RRSBA_DIS_U: { ...bit( 5, 'No alternate return predictions in user mode'), needs: 'RRSBA_CTRL' },
      RRSBA_DIS_S: { ...bit( 6, 'No alternate return predictions in supervisor mode'), needs: 'RRSBA_CTRL' },
      PSFD:        { ...bit( 7, 'No fast store forwarding'), needs: ['PSFD', 'AMD_PSFD'] },
      DDPD_U:      { ...bit( 8, 'No data-dependent prefetches in user mode'), needs: 'DDPD_U' },
      BHI_DIS_S:   { ...bit(10, 'Branch history does not reach supervisor mode'), needs: 'BHI_CTRL' },
    },
  }),
  msr(0x049, 'IA32_PRED_CMD', table, 'nothing', {
    needs: ['SPEC_CTRL', 'AMD_IBPB'],
    access: 'write-only',
    fields: { IBPB: bit(0, 'Indirect branch prediction barrier'), SBPB: { ...bit(7, 'Selective branch predictor barrier'), needs: 'SBPB' } },
    keeps: keepsNothing,
  }),
  msr(0x10a, 'IA32_ARCH_CAPABILITIES', kernel, 'plain', {
    needs: ['ARCH_CAPABILITIES'],
    access: 'read-only',
    reset: immune.reduce((value, name) => value | (1n << BigInt(archCapabilities[name].low)), 0n),
    fields: archCapabilities,
  }),
  msr(0x10b, 'IA32_FLUSH_CMD', table, 'nothing', {
    needs: ['L1D_FLUSH'],
    access: 'write-only',
    fields: { L1D_FLUSH: bit(0, 'Writes back and invalidates the L1 data cache') },
    keeps: keepsNothing,
  }),
  msr(0x122, 'IA32_TSX_CTRL', table, 'plain', {
    exists: ({ has, peek }) => has('ARCH_CAPABILITIES') && ((peek(0x10a) >> 7n) & 1n) === 1n,
    fields: { RTM_DISABLE: bit(0, 'XBEGIN aborts'), TSX_CPUID_CLEAR: bit(1, 'CPUID says neither HLE nor RTM') },
  }),
  msr(0x123, 'IA32_MCU_OPT_CTRL', table, 'plain', {
    needs: ['SRBDS_CTRL'],
    fields: {
      RNGDS_MITG_DIS:  bit(0, 'RDRAND and RDSEED without their mitigation'),
      RTM_ALLOW:       bit(1, 'XBEGIN can be allowed'),
      RTM_LOCKED:      bit(2, 'RTM_ALLOW is locked'),
      FB_CLEAR_DIS:    bit(3, 'VERW does not overwrite fill buffers'),
      GDS_MITG_DIS:    bit(4, 'Gathers without their mitigation'),
      GDS_MITG_LOCK:   bit(5, 'GDS_MITG_DIS is locked'),
    },
  }),
]
