import { kernelSource, sdm } from '@vmm/source'
import { msr } from './msr.ts'
import { keepsNothing } from './rules.ts'

/** Without a PMU the two oldest counters still read 0, and take any write without keeping it. */
const kvm = kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.1')

export const perfmonMsrs = [
  msr(0x0c1, 'IA32_PMC0',        kvm, 'nothing', { keeps: keepsNothing, vendor: 'intel' }),
  msr(0x0c2, 'IA32_PMC1',        kvm, 'nothing', { keeps: keepsNothing, vendor: 'intel' }),
  msr(0x186, 'IA32_PERFEVTSEL0', kvm, 'nothing', { keeps: keepsNothing, vendor: 'intel' }),
  msr(0x187, 'IA32_PERFEVTSEL1', kvm, 'nothing', { keeps: keepsNothing, vendor: 'intel' }),
  msr(0x345, 'IA32_PERF_CAPABILITIES', sdm('4', '2.1', 'Table 2-2, Architectural MSRs'), 'plain', { needs: ['PDCM'], access: 'read-only' }),
]
