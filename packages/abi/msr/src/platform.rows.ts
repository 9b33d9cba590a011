import { bit, bits } from '@vmm/bits'
import { kernelSource, sdm } from '@vmm/source'
import { msr } from './msr.ts'
import { hostSets, ignoresWrites, keepsNothing } from './rules.ts'

const table = sdm('4', '2.1', 'Table 2-2, Architectural MSRs')
const kvm = kernelSource('arch/x86/kvm/x86.c', 'kvm_get_msr_common', '6.1')

const miscEnableFields = {
  FAST_STRINGS:    bit( 0, 'Fast REP MOVS and STOS'),
  TCC:             bit( 1, 'Automatic thermal control circuit, model-specific'),
  TM1:             bit( 3, 'Automatic thermal control circuit'),
  EMON:        { ...bit( 7, 'Performance monitoring available'), access: 'read-only' },
  BTS_UNAVAIL:     bit(11, 'No branch trace store'),
  PEBS_UNAVAIL:    bit(12, 'No processor event-based sampling'),
  EIST:        { ...bit(16, 'Enhanced Intel SpeedStep enable'), needs: 'EIST' },
  MWAIT:       { ...bit(18, 'MONITOR and MWAIT enable'), needs: 'MONITOR' },
  LIMIT_CPUID:     bit(22, 'CPUID leaf 00H says at most 2'),
  XTPR_DISABLE:    bit(23, 'No xTPR messages'),
  XD_DISABLE:  { ...bit(34, 'No execute disable'), needs: 'NX' },
  TURBO_DISABLE: { ...bit(38, 'No turbo'), needs: 'TURBO_BOOST' },
} as const

export const platformMsrs = [
  msr(0x000, 'IA32_P5_MC_ADDR',  table, 'nothing', { access: 'constant' }),
  msr(0x001, 'IA32_P5_MC_TYPE',  table, 'nothing', { access: 'constant' }),
  msr(0x017, 'IA32_PLATFORM_ID', table, 'plain',   { access: 'constant', vendor: 'intel' }),
  msr(0x02a, 'IA32_EBL_CR_POWERON', kvm, 'nothing', { access: 'constant' }),
  msr(0x02c, 'MSR_EBC_FREQUENCY_ID', kvm, 'plain', { access: 'constant', reset: 1n << 24n }),
  msr(0x033, 'MSR_TEST_CTRL', sdm('4', '2.17', 'Table 2-46, Test Control'), 'plain', {
    needs: ['CORE_CAPABILITIES'],
    fields: { SPLIT_LOCK: bit(29, 'A locked access over a line boundary is #AC(0)'), LOCK_DISABLE: bit(31, 'The LOCK signal is not asserted') },
  }),
  msr(0x034, 'MSR_SMI_COUNT', sdm('4', '2.2', 'MSRs in the Intel Core Processors'), 'plain', { access: 'read-only' }),
  msr(0x03a, 'IA32_FEATURE_CONTROL', table, 'plain', {
    vendor: 'intel',
    fields: {
      LOCK:                 bit ( 0,     'No more writes until reset'),
      VMX_IN_SMX:       { ...bit ( 1,     'VMXON works in SMX operation'), needs: 'VMX' },
      VMX_OUTSIDE_SMX:  { ...bit ( 2,     'VMXON works outside SMX operation'), needs: 'VMX' },
      SENTER_LOCAL:     { ...bits(14,  8, 'SENTER functions enabled'), needs: 'SMX' },
      SENTER_GLOBAL:    { ...bit (15,     'SENTER enabled'), needs: 'SMX' },
      SGX_LC:           { ...bit (17,     'SGX launch control can be written'), needs: 'SGX_LC' },
      SGX:              { ...bit (18,     'SGX enabled'), needs: 'SGX' },
      LMCE:                 bit (20,     'Local machine checks enabled'),
    },
    rules: [
      {
        says: 'IA32_FEATURE_CONTROL.LMCE needs IA32_MCG_CAP.LMCE_P',
        source: table,
        binds: 'guest',
        refuses: ({ after, guest }) => ((after >> 20n) & 1n) > ((guest.peek(0x179) >> 27n) & 1n),
      },
      {
        says: 'IA32_FEATURE_CONTROL is locked',
        source: table,
        binds: 'guest',
        refuses: ({ before }) => (before & 1n) !== 0n,
      },
    ],
  }),
  msr(0x079, 'IA32_BIOS_UPDT_TRIG', table, 'nothing', { access: 'write-only', keeps: keepsNothing }),
  msr(0x08b, 'IA32_BIOS_SIGN_ID',   table, 'plain',   { reset: 1n << 32n, keeps: hostSets }),
  msr(0x08c, 'IA32_SGXLEPUBKEYHASH0', table, 'plain', { needs: ['SGX_LC'] }),
  msr(0x08d, 'IA32_SGXLEPUBKEYHASH1', table, 'plain', { needs: ['SGX_LC'] }),
  msr(0x08e, 'IA32_SGXLEPUBKEYHASH2', table, 'plain', { needs: ['SGX_LC'] }),
  msr(0x08f, 'IA32_SGXLEPUBKEYHASH3', table, 'plain', { needs: ['SGX_LC'] }),
  msr(0x09e, 'IA32_SMBASE', table, 'plain', { access: 'host', reset: 0x3_0000n }),
  msr(0x0cd, 'MSR_FSB_FREQ', kvm, 'plain', { access: 'constant', reset: 3n }),
  msr(0x0ce, 'MSR_PLATFORM_INFO', sdm('4', '2.17', 'Platform Information'), 'plain', {
    access: 'read-only',
    fields: {
      MAX_NON_TURBO_RATIO: bits(15,  8, 'Frequency at which the TSC runs, in units of 100 MHz'),
      CPUID_FAULT:         bit (31,     'CPUID can fault above CPL 0'),
      MIN_RATIO:           bits(47, 40, 'Lowest frequency, in units of 100 MHz'),
    },
  }),
  msr(0x0cf, 'IA32_CORE_CAPABILITIES', table, 'plain', { access: 'read-only', needs: ['CORE_CAPABILITIES'] }),
  msr(0x0e1, 'IA32_UMWAIT_CONTROL', table, 'plain', {
    needs: ['WAITPKG'],
    fields: { C02_DISABLE: bit(0, 'C0.2 is not allowed'), MAX_TIME: bits(31, 2, 'Longest wait in TSC ticks, bits 31:2') },
  }),
  msr(0x11e, 'MSR_BBL_CR_CTL3', kvm, 'plain', { reset: 0xbe70_2111n, keeps: ignoresWrites }),
  msr(0x140, 'MSR_MISC_FEATURES_ENABLES', sdm('4', '2.17', 'Miscellaneous Features Enables'), 'plain', {
    fields: { CPUID_FAULTING: bit(0, 'CPUID above CPL 0 is #GP(0)') },
    rules: [
      {
        says: 'CPUID faulting needs MSR_PLATFORM_INFO.CPUID_FAULT',
        source: kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.1'),
        binds: 'guest and host',
        refuses: ({ after, guest }) => (after & 1n) !== 0n && ((guest.peek(0xce) >> 31n) & 1n) === 0n,
      },
    ],
  }),
  msr(0x198, 'IA32_PERF_STATUS', table, 'plain',   { access: 'constant', reset: 1000n | (4n << 40n) }),
  msr(0x199, 'IA32_PERF_CTL',    table, 'nothing', { access: 'constant' }),
  msr(0x19a, 'IA32_CLOCK_MODULATION', table, 'plain', {
    needs: ['ACPI'],
    fields: { DUTY_CYCLE: bits(3, 0, 'Duty cycle'), ENABLE: bit(4, 'On-demand clock modulation') },
  }),
  msr(0x19b, 'IA32_THERM_INTERRUPT', table, 'plain', { needs: ['ACPI'] }),
  msr(0x19c, 'IA32_THERM_STATUS',    table, 'plain', { needs: ['ACPI'] }),
  msr(0x19d, 'MSR_THERM2_CTL',       table, 'plain', { needs: ['ACPI'] }),
  msr(0x1a0, 'IA32_MISC_ENABLE', table, 'plain', {
    vendor: 'intel',
    reset: 0x4_1801n,
    fields: miscEnableFields,
    rules: [
      {
        says: 'IA32_MISC_ENABLE.BTS_UNAVAIL and PEBS_UNAVAIL are read-only',
        source: table,
        binds: 'guest',
        refuses: ({ before, after }) => ((before ^ after) & 0x1800n) !== 0n,
      },
    ],
  }),
  msr(0x1b0, 'IA32_ENERGY_PERF_BIAS', table, 'plain', { needs: ['EPB'], reset: 6n, fields: { POLICY: bits(3, 0, '0 performance, 15 power') } }),
  msr(0x1b1, 'IA32_PACKAGE_THERM_STATUS',    table, 'plain', { needs: ['PTM'] }),
  msr(0x1b2, 'IA32_PACKAGE_THERM_INTERRUPT', table, 'plain', { needs: ['PTM'] }),
  msr(0x1fc, 'MSR_POWER_CTL', sdm('4', '2.17', 'Power Control Register'), 'plain', {}),
  msr(0x606, 'MSR_RAPL_POWER_UNIT',     kvm, 'nothing', { access: 'constant', vendor: 'intel' }),
  msr(0x611, 'MSR_PKG_ENERGY_STATUS',   kvm, 'nothing', { access: 'constant', vendor: 'intel' }),
  msr(0x619, 'MSR_DRAM_ENERGY_STATUS',  kvm, 'nothing', { access: 'constant', vendor: 'intel' }),
  msr(0x639, 'MSR_PP0_ENERGY_STATUS',   kvm, 'nothing', { access: 'constant', vendor: 'intel' }),
  msr(0x641, 'MSR_PP1_ENERGY_STATUS',   kvm, 'nothing', { access: 'constant', vendor: 'intel' }),
]
