import { always, type Behaviour, behaviour } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'

/** Performance monitoring of a VM: whether KVM_CAP_PMU_CAPABILITY has left it there, and whether the guest's CPUID tells of it. */
export interface GuestPmu {
  readonly left: boolean
  readonly told: boolean
}

export const pmuTakenAway: Behaviour<GuestPmu, boolean> = behaviour<GuestPmu, boolean>({
  id: 'pmu-taken-away',
  catalogue: 'kvm-pmu',
  says: 'a guest has the counters that its CPUID tells of; none where user space has taken them away, which CPUID does not follow',
  sources: [
    kernelSource('arch/x86/kvm/pmu.c', 'kvm_pmu_refresh', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/pmu.c', 'get_gp_pmc_amd', '6.1.192'),
    commit('ba7bb663f554', 'KVM: x86: Provide per VM capability for disabling PMU virtualization'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ left, told }) => left && told,
      witness: { in: { left: false, told: true }, out: false },
    },
  ],
})
