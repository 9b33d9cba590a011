import { bit, bits } from '@vmm/bits'
import { kernelSource, sdm } from '@vmm/source'
import { type Msr, type MsrGuest, msr, type Write } from './msr.ts'
import { canonicalAddress } from './rules.ts'

/** Without a PMU the two oldest counters still read 0, and take any write without keeping it. */
const kvm = kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.1')
const counter = sdm('3B', '21.2.1.1', 'Architectural Performance Monitoring Version 1 Facilities')
const global = sdm('3B', '21.2.2', 'Architectural Performance Monitoring Version 2')
const fullWidth = sdm('3B', '21.2.8', 'Full-Width Writes to Performance Counter Registers')
const capabilities = sdm('3B', '21.8', 'IA32_PERF_CAPABILITIES MSR Enumeration')
const branches = sdm('3B', '19.4.8', 'LBR Stack')
const pebs = sdm('3B', '21.6.2.4', 'Processor Event Based Sampling')

/** The most counters that KVM gives a guest, and so tells of. Source: KVM_MAX_NR_INTEL_GP_COUNTERS, KVM_MAX_NR_FIXED_COUNTERS. */
const generalCounters = 8
const fixedCounters = 3

const vendor = 'intel' as const
const eight = Array.from({ length: generalCounters }, (_, at) => at)

const hasCounter = (at: number) => ({ perfmon }: MsrGuest) => perfmon !== undefined && at < perfmon.generalCounters
const hasFixed = (at: number) => ({ perfmon }: MsrGuest) => perfmon !== undefined && at < perfmon.fixedCounters
const hasGlobal = ({ perfmon }: MsrGuest) => perfmon !== undefined && perfmon.version >= 2
const keptWithCounter = (at: number) => (write: Write) => (hasCounter(at)(write.guest) ? write.after : 0n)

const eventSelect = {
  EVENT:     bits( 7,  0, 'Event select'),
  UMASK:     bits(15,  8, 'Unit mask'),
  USR:       bit (16,     'Counts above CPL 0'),
  OS:        bit (17,     'Counts at CPL 0'),
  EDGE:      bit (18,     'Edge detect'),
  PC:        bit (19,     'Pin control'),
  INT:       bit (20,     'Interrupt on overflow'),
  EN:        bit (22,     'Enable'),
  INV:       bit (23,     'Invert the counter mask'),
  CMASK:     bits(31, 24, 'Counter mask'),
  IN_TX:   { ...bit(32,   'Only in transactions'), needs: 'RTM' },
  IN_TXCP: { ...bit(33,   'Not in aborted transactions'), needs: 'RTM' },
} as const

/** KVM answers for the two of the P6 family even where there is no PMU. */
const general = (at: number): Msr =>
  msr(0x0c1 + at, `IA32_PMC${at}`, at < 2 ? kvm : counter, 'plain', {
    vendor,
    ...(at < 2 ? { keeps: keptWithCounter(at) } : { exists: hasCounter(at) }),
  })

const select = (at: number): Msr =>
  msr(0x186 + at, `IA32_PERFEVTSEL${at}`, at < 2 ? kvm : counter, 'plain', {
    vendor,
    ...(at < 2 ? { keeps: keptWithCounter(at) } : { exists: hasCounter(at), fields: eventSelect }),
  })

const fixed = (at: number): Msr => msr(0x309 + at, `IA32_FIXED_CTR${at}`, global, 'plain', { vendor, exists: hasFixed(at) })

const overflowFields = {
  PMC:       bits( 7,  0, 'General-purpose counters'),
  FIXED:     bits(34, 32, 'Fixed-function counters'),
  TRACE:   { ...bit(55,   'ToPA table filled'), needs: 'INTEL_PT' },
  UNCORE:    bit (61,     'Uncore counter'),
  DS_BUFFER: bit (62,     'DS save area'),
  COND_CHGD: bit (63,     'Conditions have changed'),
} as const

const records = (from: number, name: string): readonly Msr[] =>
  Array.from({ length: 32 }, (_, at) =>
    msr(from + at, `${name}_${at}`, branches, 'plain', { vendor, exists: ({ perfmon }) => perfmon !== undefined && at < (perfmon.branchRecords ?? 0) }),
  )

const hasRecords = ({ perfmon }: MsrGuest) => (perfmon?.branchRecords ?? 0) > 0
/** IA32_PERF_CAPABILITIES.FW_WRITE. */
const writesFullWidth = (guest: MsrGuest) => ((guest.peek(0x345) >> 13n) & 1n) === 1n

export const perfmonMsrs = [
  ...eight.map(general),
  ...eight.map(select),
  msr(0x1c8, 'MSR_LBR_SELECT', branches, 'plain', { vendor, exists: hasRecords }),
  msr(0x1c9, 'MSR_LASTBRANCH_TOS', branches, 'plain', { vendor, exists: hasRecords }),
  ...Array.from({ length: fixedCounters }, (_, at) => fixed(at)),
  msr(0x345, 'IA32_PERF_CAPABILITIES', capabilities, 'plain', {
    needs: ['PDCM'],
    access: 'read-only',
    fields: {
      LBR_FMT:        bits( 5, 0, 'Format of last branch records'),
      PEBS_TRAP:      bit ( 6,    'PEBS records are trap-like'),
      PEBS_ARCH_REG:  bit ( 7,    'PEBS records hold all architectural registers'),
      PEBS_FORMAT:    bits(11, 8, 'Format of PEBS records'),
      FREEZE_SMM:     bit (12,    'IA32_DEBUGCTL.FREEZE_WHILE_SMM'),
      FW_WRITE:       bit (13,    'Full-width writes through IA32_A_PMCx'),
      PEBS_BASELINE:  bit (14,    'Adaptive PEBS'),
      PERF_METRICS:   bit (15,    'IA32_PERF_METRICS'),
      PEBS_TO_PT:     bit (16,    'PEBS records go to Processor Trace'),
    },
  }),
  msr(0x38d, 'IA32_FIXED_CTR_CTRL', global, 'plain', {
    vendor,
    exists: hasGlobal,
    fields: {
      FIXED_0: bits( 3,  0, 'Rings, any thread and PMI of counter 0'),
      FIXED_1: bits( 7,  4, 'The same of counter 1'),
      FIXED_2: bits(11,  8, 'The same of counter 2'),
    },
  }),
  msr(0x38e, 'IA32_PERF_GLOBAL_STATUS', global, 'plain', { vendor, exists: hasGlobal, access: 'read-only', fields: overflowFields }),
  msr(0x38f, 'IA32_PERF_GLOBAL_CTRL', global, 'plain', {
    vendor,
    exists: hasGlobal,
    fields: { PMC: bits(7, 0, 'General-purpose counters'), FIXED: bits(34, 32, 'Fixed-function counters') },
  }),
  msr(0x390, 'IA32_PERF_GLOBAL_OVF_CTRL', global, 'nothing', { vendor, exists: hasGlobal, fields: overflowFields, keeps: () => 0n }),
  msr(0x3f1, 'IA32_PEBS_ENABLE', pebs, 'plain', { vendor, exists: (guest) => ((guest.peek(0x345) >> 8n) & 0xfn) !== 0n }),
  msr(0x3f2, 'MSR_PEBS_DATA_CFG', pebs, 'plain', { vendor, exists: (guest) => ((guest.peek(0x345) >> 14n) & 1n) !== 0n }),
  ...eight.map((at) =>
    msr(0x4c1 + at, `IA32_A_PMC${at}`, fullWidth, 'plain', {
      vendor,
      exists: (guest) => hasCounter(at)(guest) && writesFullWidth(guest),
    }),
  ),
  msr(0x600, 'IA32_DS_AREA', pebs, 'plain', { needs: ['DS'], rules: [canonicalAddress('IA32_DS_AREA')] }),
  ...records(0x680, 'MSR_LASTBRANCH_FROM_IP'),
  ...records(0x6c0, 'MSR_LASTBRANCH_TO_IP'),
  ...records(0xdc0, 'MSR_LBR_INFO'),
]
