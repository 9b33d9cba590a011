import { bit, bits } from '@vmm/bits'
import { apm, kernelSource } from '@vmm/source'
import { type Msr, type MsrGuest, msr } from './msr.ts'
import { hostSets, ignoresWrites, keepsNothing, physicalAddress } from './rules.ts'

const list = apm('2', 'Appendix A', 'MSR Cross-Reference')
const svm = apm('2', '15.30', 'SVM Related MSRs')
const kvm = kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.1')
const kvmSvm = kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_msr', '6.1')

const vendor = 'amd' as const

const counters = apm('2', '13.2', 'Performance Monitoring Counters')
const hasSix = ({ has }: MsrGuest) => has('PERF_CTR_EXT_CORE')
const hasGlobal = ({ perfmon }: MsrGuest) => perfmon !== undefined && perfmon.version >= 2

const counterPair = (at: number): readonly Msr[] => [
  msr(0xc001_0200 + 2 * at, `PERF_CTL${at}`, counters, 'plain', { vendor, exists: hasSix }),
  msr(0xc001_0201 + 2 * at, `PERF_CTR${at}`, counters, 'plain', { vendor, exists: hasSix }),
]

export const amdMsrs = [
  msr(0xc000_0104, 'TSC_RATIO', svm, 'plain', {
    vendor,
    needs: ['TSC_RATE_MSR'],
    reset: 1n << 32n,
    fields: { FRACTION: bits(31, 0, 'After the binary point'), INTEGER: bits(39, 32, 'Before it') },
  }),
  msr(0xc000_0300, 'PerfCntrGlobalStatus',    counters, 'plain',   { vendor, exists: hasGlobal, keeps: hostSets }),
  msr(0xc000_0301, 'PerfCntrGlobalCtl',       counters, 'plain',   { vendor, exists: hasGlobal }),
  msr(0xc000_0302, 'PerfCntrGlobalStatusClr', counters, 'nothing', { vendor, exists: hasGlobal, keeps: keepsNothing }),
  msr(0xc000_0303, 'PerfCntrGlobalStatusSet', counters, 'nothing', { vendor, exists: hasGlobal, keeps: keepsNothing }),
  msr(0xc001_0000, 'PerfEvtSel0', kvm, 'nothing', { vendor, keeps: keepsNothing }),
  msr(0xc001_0001, 'PerfEvtSel1', kvm, 'nothing', { vendor, keeps: keepsNothing }),
  msr(0xc001_0002, 'PerfEvtSel2', kvm, 'nothing', { vendor, keeps: keepsNothing }),
  msr(0xc001_0003, 'PerfEvtSel3', kvm, 'nothing', { vendor, keeps: keepsNothing }),
  msr(0xc001_0004, 'PerfCtr0',    kvm, 'nothing', { vendor, keeps: keepsNothing }),
  msr(0xc001_0005, 'PerfCtr1',    kvm, 'nothing', { vendor, keeps: keepsNothing }),
  msr(0xc001_0006, 'PerfCtr2',    kvm, 'nothing', { vendor, keeps: keepsNothing }),
  msr(0xc001_0007, 'PerfCtr3',    kvm, 'nothing', { vendor, keeps: keepsNothing }),
  msr(0xc001_0010, 'SYSCFG', list, 'nothing', { vendor, access: 'constant' }),
  msr(0xc001_0015, 'HWCR', kvm, 'plain', {
    vendor,
    fields: {
      TLB_CACHE_DIS:    { ...bit( 3, 'Ignored'), access: 'read-only' },
      FF_DIS:           { ...bit( 6, 'Ignored'), access: 'read-only' },
      IGNNE_EM:         { ...bit( 8, 'Ignored'), access: 'read-only' },
      MC_STATUS_WR_EN:      bit(18, 'MCi_STATUS takes any value'),
      TSC_FREQ_SEL:         bit(24, 'The TSC counts at the P0 frequency'),
      CPUID_USER_DIS:   { ...bit(35, 'CPUID above CPL 0 is #GP(0)'), needs: 'CPUID_USER_DIS' },
    },
  }),
  msr(0xc001_001b, 'CLK_CTL',  kvm,  'plain',   { vendor, reset: 0x2000_0000n, keeps: ignoresWrites }),
  msr(0xc001_001f, 'NB_CFG',   kvm,  'nothing', { vendor, keeps: keepsNothing }),
  msr(0xc001_0020, 'PATCH_LOADER', kvm, 'nothing', { vendor, access: 'write-only', keeps: keepsNothing }),
  msr(0xc001_0055, 'Interrupt Pending', kvm, 'nothing', { vendor, access: 'constant' }),
  msr(0xc001_0058, 'MMIO_CONF_BASE', kvm, 'nothing', {
    vendor,
    rules: [{ says: 'MMIO_CONF_BASE takes only 0', source: kvm, binds: 'guest and host', refuses: ({ after }) => after !== 0n }],
  }),
  msr(0xc001_0112, 'SMM_ADDR', kvm, 'nothing', { vendor, access: 'constant' }),
  msr(0xc001_0113, 'SMM_MASK', kvm, 'nothing', { vendor, access: 'constant' }),
  msr(0xc001_0114, 'VM_CR', kvmSvm, 'plain', {
    vendor,
    needs: ['SVM'],
    fields: {
      DPD:       bit(0, 'External hardware debug is off'),
      R_INIT:    bit(1, 'INIT is intercepted'),
      DIS_A20M:  bit(2, 'The A20 line is not masked'),
      LOCK:      bit(3, 'SVMDIS is read-only'),
      SVMDIS:    bit(4, 'EFER.SVME cannot be set'),
    },
  }),
  msr(0xc001_0115, 'IGNNE', kvmSvm, 'nothing', { vendor, access: 'write-only', keeps: keepsNothing }),
  msr(0xc001_0117, 'VM_HSAVE_PA', svm, 'plain', {
    vendor,
    needs: ['SVM'],
    fields: { HSAVE_PA: bits(51, 12, 'Host save area, bits 51:12') },
    rules: [physicalAddress('VM_HSAVE_PA', svm)],
  }),
  msr(0xc001_011f, 'VIRT_SPEC_CTRL', kvmSvm, 'plain', { vendor, needs: ['VIRT_SSBD'], fields: { SSBD: bit(2, 'Speculative store bypass disable') } }),
  msr(0xc001_0140, 'OSVW_ID_Length', list, 'plain', { vendor, needs: ['OSVW'] }),
  msr(0xc001_0141, 'OSVW_Status',    list, 'plain', { vendor, needs: ['OSVW'] }),
  ...[0, 1, 2, 3, 4, 5].flatMap(counterPair),
  msr(0xc001_1021, 'IC_CFG',  kvmSvm, 'nothing', { vendor, access: 'constant' }),
  msr(0xc001_1022, 'DC_CFG',  kvm, 'nothing', { vendor, keeps: keepsNothing }),
  msr(0xc001_1023, 'TW_CFG',  kvm, 'nothing', { vendor, keeps: keepsNothing }),
  msr(0xc001_1029, 'DE_CFG',  kvmSvm, 'plain', { vendor, fields: { LFENCE_SERIALIZE: bit(1, 'LFENCE waits for everything before it') } }),
  msr(0xc001_102a, 'BU_CFG2', kvm, 'nothing', { vendor, keeps: keepsNothing }),
  msr(0xc001_102c, 'EX_CFG',  kvm, 'nothing', { vendor, keeps: keepsNothing }),
]
