import { rule, since } from '@vmm/rule'
import { commit, kernelSource, probe } from '@vmm/source'
import { type HypercallRule, made, rowOf } from './case.ts'

const asked = made('KVM_HC_SCHED_YIELD', [0n], { featureBits: 'enforced' })

/** The clock's pairing and MAP_GPA_RANGE have bits too, or could have: nobody looks at them here. */
export const enforcedFeature: HypercallRule = rule({
  id: 'hc-enforced-feature',
  catalogue: 'enforce-pv-cpuid',
  says: 'where PV features are enforced, a hypercall fails whose feature bit the guest was not shown',
  lifetime: since('5.10'),
  errno: 'KVM_ENOSYS',
  sources: [
    kernelSource('arch/x86/kvm/cpuid.h', 'guest_pv_has', '6.1.192'),
    commit('66570e966dd9', "kvm: x86: only provide PV features if enabled in guest's CPUID"),
    probe('hypercalls', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  refuses: (made) => {
    const row = rowOf(made)
    if (row?.enforced !== 'enforced' || row.feature === undefined) return false
    return made.context.featureBits === 'enforced' && !made.context.has(row.feature)
  },
  witness: {
    refused: asked,
    accepted: { ...asked, context: { ...asked.context, has: (feature) => feature === 'KVM_FEATURE_PV_SCHED_YIELD' } },
  },
})
