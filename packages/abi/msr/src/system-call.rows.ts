import { bit } from '@vmm/bits'
import { kernelSource, sdm } from '@vmm/source'
import { canonicalForm } from './canonical.ts'
import { msr, type Write } from './msr.ts'
import { canonicalAddress } from './rules.ts'

const table = sdm('4', '2.1', 'Table 2-2, Architectural MSRs')
const kvmSysenter = kernelSource('arch/x86/kvm/x86.c', '__kvm_set_msr', '6.1')

const low32 = ({ after }: Write): bigint => after & 0xffff_ffffn

/** KVM makes the address canonical instead of refusing it. */
const madeCanonical = ({ after, linearAddressWidth }: Write): bigint => canonicalForm(after, linearAddressWidth)

export const systemCallMsrs = [
  msr(0x174, 'IA32_SYSENTER_CS',  table,       'engine:SYSENTER_CS',  { needs: ['SEP'], keeps: low32 }),
  msr(0x175, 'IA32_SYSENTER_ESP', kvmSysenter, 'engine:SYSENTER_ESP', { needs: ['SEP'], keeps: madeCanonical }),
  msr(0x176, 'IA32_SYSENTER_EIP', kvmSysenter, 'engine:SYSENTER_EIP', { needs: ['SEP'], keeps: madeCanonical }),
  msr(0xc000_0080, 'IA32_EFER', table, 'engine:EFER', {
    needs: ['SYSCALL', 'LM', 'NX'],
    fields: {
      SCE:    { ...bit( 0, 'SYSCALL enable'),                   needs: 'SYSCALL' },
      LME:    { ...bit( 8, 'IA-32e mode enable'),               needs: 'LM' },
      LMA:    { ...bit(10, 'IA-32e mode active'),               needs: 'LM', access: 'read-only' },
      NXE:    { ...bit(11, 'Execute-disable enable'),           needs: 'NX' },
      SVME:   { ...bit(12, 'Secure virtual machine enable'),    needs: 'SVM' },
      FFXSR:  { ...bit(14, 'Fast FXSAVE and FXRSTOR'),          needs: 'FFXSR' },
      TCE:    { ...bit(15, 'Translation cache extension'),      needs: 'TCE' },
      AIBRSE: { ...bit(21, 'Automatic IBRS enable'),            needs: 'AUTOMATIC_IBRS' },
    },
    rules: [
      {
        says: 'IA32_EFER.LME does not change while paging is on',
        source: sdm('3A', '4.1.2', 'Paging-Mode Enabling'),
        binds: 'guest',
        refuses: ({ before, after, cr0Paging }) => cr0Paging && ((before ^ after) & 0x100n) !== 0n,
      },
    ],
  }),
  msr(0xc000_0081, 'IA32_STAR',  table, 'engine:STAR',  { needs: ['SYSCALL'] }),
  msr(0xc000_0082, 'IA32_LSTAR', table, 'engine:LSTAR', { needs: ['LM'], rules: [canonicalAddress('IA32_LSTAR')] }),
  msr(0xc000_0083, 'IA32_CSTAR', table, 'engine:CSTAR', { needs: ['LM'], rules: [canonicalAddress('IA32_CSTAR')] }),
  msr(0xc000_0084, 'IA32_FMASK', table, 'engine:FMASK', { needs: ['LM'] }),
  msr(0xc000_0100, 'IA32_FS_BASE', table, 'engine:FS_BASE', { needs: ['LM'], rules: [canonicalAddress('IA32_FS_BASE')] }),
  msr(0xc000_0101, 'IA32_GS_BASE', table, 'engine:GS_BASE', { needs: ['LM'], rules: [canonicalAddress('IA32_GS_BASE')] }),
  msr(0xc000_0102, 'IA32_KERNEL_GS_BASE', table, 'engine:KERNEL_GS_BASE', { needs: ['LM'], rules: [canonicalAddress('IA32_KERNEL_GS_BASE')] }),
  msr(0xc000_0103, 'IA32_TSC_AUX', table, 'engine:TSC_AUX', {
    needs: ['RDTSCP', 'RDPID'],
    rules: [
      {
        says: 'IA32_TSC_AUX has 32 bits',
        source: kernelSource('arch/x86/kvm/x86.c', '__kvm_set_msr', '6.1'),
        binds: 'guest and host',
        refuses: ({ after, guest }) => guest.vendor === 'intel' && after >> 32n !== 0n,
      },
    ],
    keeps: low32,
  }),
]
