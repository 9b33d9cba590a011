import { behaviour, between, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { type FailedAccess, listedCounter } from './unsupported.ts'

const isRestore = ({ initiator, data, error }: FailedAccess): boolean =>
  initiator === 'host' && data === 0n && error === 'unsupported'
const sampling = new Set([0x3f1, 0x600, 0x3f2])

/** Whether user space may read, and write 0 to, what KVM listed and the vCPU does not have. */
export const listedIsLenient = behaviour<FailedAccess, boolean>({
  id: 'listed-is-lenient',
  catalogue: 'msr-host-unsupported',
  says: 'user space may read as 0, and write 0 to, every MSR that KVM lists, also where the vCPU does not have it',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_do_msr_access', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.0'),
      says: 'it may not',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '5.15.202')],
      does: () => false,
      witness: { in: listedCounter, out: false },
    },
    {
      lifetime: between('6.0', '6.3', { '6.1': { until: '6.1.167' } }),
      says: 'it may with those of event sampling',
      sources: [commit('2de154f541fc', 'KVM: x86/pmu: Provide "error" semantics for unsupported-but-known PMU MSRs')],
      does: (access) => isRestore(access) && sampling.has(access.index),
      witness: { in: { ...listedCounter, index: 0x38f }, out: false },
    },
    {
      lifetime: between('6.3', '6.12', { '6.1': '6.1.167' }),
      says: 'it may with those that are saved from hardware',
      sources: [commit('2de154f541fc', 'KVM: x86/pmu: Provide "error" semantics for unsupported-but-known PMU MSRs')],
      does: (access) => isRestore(access) && access.listed === 'saved',
      witness: { in: { ...listedCounter, listed: 'emulated' }, out: false },
    },
    {
      lifetime: since('6.12'),
      sources: [
        commit('64a5d7a1091f', 'KVM: x86: Suppress failures on userspace access to advertised, unsupported MSRs'),
        commit('44dd0f5732b4', 'KVM: x86: Suppress userspace access failures on unsupported, "emulated" MSRs'),
      ],
      does: (access) => isRestore(access) && access.listed !== 'not',
      witness: { in: { ...listedCounter, listed: 'emulated' }, out: true },
    },
  ],
})
