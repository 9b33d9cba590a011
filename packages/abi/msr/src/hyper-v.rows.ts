import { bit } from '@vmm/bits'
import type { Feature } from '@vmm/cpuid'
import { kernelSource, spec } from '@vmm/source'
import { type Msr, type MsrGuest, msr } from './msr.ts'

const tlfs = (section: string) => spec('Hypervisor Top-Level Functional Specification', section)
const kvm = kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr_pw', '6.12')
const kvmVcpu = kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr', '6.12')
const synic = tlfs('Synthetic Interrupt Controller')
const timers = tlfs('Synthetic Timers')
const debugging = kernelSource('arch/x86/kvm/hyperv.c', 'syndbg_set_msr', '6.12')

/** A guest sees it while Hyper-V is what its CPUID says; with enforcement, while CPUID grants the privilege. */
const granted = (feature: Feature) => ({ hyperV, has }: MsrGuest) =>
  hyperV !== undefined && (!hyperV.enforced || has(feature))


const timer = (at: number): readonly Msr[] => [
  msr(0x4000_00b0 + 2 * at, `HV_X64_MSR_STIMER${at}_CONFIG`, timers, 'hyperv', { exists: granted('HV_MSR_SYNTIMER_AVAILABLE') }),
  msr(0x4000_00b1 + 2 * at, `HV_X64_MSR_STIMER${at}_COUNT`,  timers, 'hyperv', { exists: granted('HV_MSR_SYNTIMER_AVAILABLE') }),
]

const interrupt = (at: number): Msr =>
  msr(0x4000_0090 + at, `HV_X64_MSR_SINT${at}`, synic, 'hyperv', { exists: granted('HV_MSR_SYNIC_AVAILABLE') })

const crash = (at: number): Msr =>
  msr(0x4000_0100 + at, `HV_X64_MSR_CRASH_P${at}`, tlfs('Partition Crash Enlightenment'), 'hyperv', { exists: granted('HV_FEATURE_GUEST_CRASH_MSR_AVAILABLE') })

const debug = (index: number, name: string): Msr => msr(index, name, debugging, 'hyperv', { exists: granted('HV_FEATURE_DEBUG_MSRS_AVAILABLE') })

export const hyperVMsrs = [
  msr(0x4000_0000, 'HV_X64_MSR_GUEST_OS_ID',   tlfs('Guest OS Identity'), 'hyperv', { exists: granted('HV_MSR_HYPERCALL_AVAILABLE') }),
  msr(0x4000_0001, 'HV_X64_MSR_HYPERCALL',     kvm,                 'hyperv', { exists: granted('HV_MSR_HYPERCALL_AVAILABLE') }),
  msr(0x4000_0002, 'HV_X64_MSR_VP_INDEX',      kvmVcpu,             'hyperv', { exists: granted('HV_MSR_VP_INDEX_AVAILABLE'), access: 'read-only', keeps: ({ after }) => after & 0xffff_ffffn }),
  msr(0x4000_0003, 'HV_X64_MSR_RESET',         kvm,                 'hyperv', { exists: granted('HV_MSR_RESET_AVAILABLE'), keeps: () => 0n }),
  msr(0x4000_0010, 'HV_X64_MSR_VP_RUNTIME',    kvmVcpu,             'hyperv', { exists: granted('HV_MSR_VP_RUNTIME_AVAILABLE'), access: 'read-only' }),
  msr(0x4000_0020, 'HV_X64_MSR_TIME_REF_COUNT', kvm,                'hyperv', { exists: granted('HV_MSR_TIME_REF_COUNT_AVAILABLE'), access: 'read-only', keeps: ({ before }) => before }),
  msr(0x4000_0021, 'HV_X64_MSR_REFERENCE_TSC', kvm,                 'hyperv', { exists: granted('HV_MSR_REFERENCE_TSC_AVAILABLE') }),
  msr(0x4000_0022, 'HV_X64_MSR_TSC_FREQUENCY', kvmVcpu,             'hyperv', { exists: granted('HV_ACCESS_FREQUENCY_MSRS'), access: 'read-only', keeps: ({ before }) => before }),
  msr(0x4000_0023, 'HV_X64_MSR_APIC_FREQUENCY', kvmVcpu,            'hyperv', { exists: granted('HV_ACCESS_FREQUENCY_MSRS'), access: 'read-only', keeps: ({ before }) => before }),
  msr(0x4000_0070, 'HV_X64_MSR_EOI',           tlfs('Local APIC'),  'hyperv', { exists: granted('HV_MSR_APIC_ACCESS_AVAILABLE') }),
  msr(0x4000_0071, 'HV_X64_MSR_ICR',           tlfs('Local APIC'),  'hyperv', { exists: granted('HV_MSR_APIC_ACCESS_AVAILABLE') }),
  msr(0x4000_0072, 'HV_X64_MSR_TPR',           tlfs('Local APIC'),  'hyperv', { exists: granted('HV_MSR_APIC_ACCESS_AVAILABLE'), keeps: ({ after }) => after & 0xffn }),
  msr(0x4000_0073, 'HV_X64_MSR_VP_ASSIST_PAGE', kvmVcpu,            'hyperv', { exists: granted('HV_MSR_APIC_ACCESS_AVAILABLE') }),
  msr(0x4000_0080, 'HV_X64_MSR_SCONTROL',      synic,               'hyperv', { exists: granted('HV_MSR_SYNIC_AVAILABLE') }),
  msr(0x4000_0081, 'HV_X64_MSR_SVERSION',      synic,               'hyperv', { exists: granted('HV_MSR_SYNIC_AVAILABLE'), access: 'read-only' }),
  msr(0x4000_0082, 'HV_X64_MSR_SIEFP',         synic,               'hyperv', { exists: granted('HV_MSR_SYNIC_AVAILABLE') }),
  msr(0x4000_0083, 'HV_X64_MSR_SIMP',          synic,               'hyperv', { exists: granted('HV_MSR_SYNIC_AVAILABLE') }),
  msr(0x4000_0084, 'HV_X64_MSR_EOM',           synic,               'hyperv', { exists: granted('HV_MSR_SYNIC_AVAILABLE'), keeps: () => 0n }),
  ...Array.from({ length: 16 }, (_, at) => interrupt(at)),
  ...[0, 1, 2, 3].flatMap(timer),
  debug(0x4000_00f1, 'HV_X64_MSR_SYNDBG_CONTROL'),
  debug(0x4000_00f2, 'HV_X64_MSR_SYNDBG_STATUS'),
  debug(0x4000_00f3, 'HV_X64_MSR_SYNDBG_SEND_BUFFER'),
  debug(0x4000_00f4, 'HV_X64_MSR_SYNDBG_RECV_BUFFER'),
  debug(0x4000_00f5, 'HV_X64_MSR_SYNDBG_PENDING_BUFFER'),
  debug(0x4000_00ff, 'HV_X64_MSR_SYNDBG_OPTIONS'),
  ...[0, 1, 2, 3, 4].map(crash),
  msr(0x4000_0105, 'HV_X64_MSR_CRASH_CTL', kvm, 'hyperv', { exists: granted('HV_FEATURE_GUEST_CRASH_MSR_AVAILABLE'), keeps: ({ after }) => after & (1n << 63n) }),
  msr(0x4000_0106, 'HV_X64_MSR_REENLIGHTENMENT_CONTROL', kvm, 'hyperv', { exists: granted('HV_ACCESS_REENLIGHTENMENT') }),
  msr(0x4000_0107, 'HV_X64_MSR_TSC_EMULATION_CONTROL',   kvm, 'hyperv', { exists: granted('HV_ACCESS_REENLIGHTENMENT') }),
  msr(0x4000_0108, 'HV_X64_MSR_TSC_EMULATION_STATUS',    kvm, 'hyperv', {
    exists: granted('HV_ACCESS_REENLIGHTENMENT'),
    rules: [{ says: 'a guest only clears HV_X64_MSR_TSC_EMULATION_STATUS', source: kvm, binds: 'guest', refuses: ({ after }) => after !== 0n }],
  }),
  msr(0x4000_0118, 'HV_X64_MSR_TSC_INVARIANT_CONTROL', kvm, 'hyperv', {
    exists: granted('HV_ACCESS_TSC_INVARIANT'),
    fields: { EXPOSE: bit(0, 'CPUID tells of the invariant TSC') },
    rules: [
      {
        says: 'a guest cannot take HV_X64_MSR_TSC_INVARIANT_CONTROL back',
        source: kvm,
        binds: 'guest',
        refuses: ({ before, after }) => before !== 0n && after === 0n,
      },
    ],
  }),
]

