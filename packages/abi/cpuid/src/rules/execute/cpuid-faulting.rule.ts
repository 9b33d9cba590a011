import { always, rule } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { anExecution, type CpuidExecution } from '../../cpuid-execution.ts'

/** Offered by MSR_PLATFORM_INFO[31]. */
export const cpuidFaulting = rule<CpuidExecution, '#GP(0)'>({
  id: 'cpuid-faulting',
  catalogue: 'cpuid-faulting',
  says: 'with CPUID faulting enabled, CPUID above CPL 0 is a general-protection fault',
  lifetime: always,
  errno: '#GP(0)',
  sources: [
    commit('db2336a80489', 'KVM: x86: virtualize cpuid faulting'),
    kernelSource('arch/x86/kvm/cpuid.c', 'kvm_emulate_cpuid', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ faulting, cpl }) => faulting && cpl > 0,
  witness: { refused: anExecution({ faulting: true, cpl: 3 }), accepted: anExecution({ faulting: true, cpl: 0 }) },
})
