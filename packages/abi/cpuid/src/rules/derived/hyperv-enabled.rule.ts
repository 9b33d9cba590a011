import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { hasHyperv } from '../set-cpuid/has-hyperv.ts'
import { derived } from './derive.ts'

const hyperv = aCall({ stored: [entry(0x4000_0001, { eax: 0x3123_7648 })] })

/** Whether synthetic MSRs and hypercalls are Hyper-V's. */
export const hypervEnabled = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'hyperv-enabled',
  catalogue: 'set-cpuid-side-effects',
  says: "Hyper-V's MSRs and hypercalls exist for a guest whose leaf 40000001H is Hyper-V's",
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_cpuid', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.12'),
      says: 'for every guest',
      does: (call) => derived(call, { hyperv: true }),
      witness: { in: aCall(), out: derived(aCall(), { hyperv: true }) },
    },
    {
      lifetime: since('5.12'),
      sources: [commit('fc08b628d7c9', 'KVM: x86: hyper-v: Allocate Hyper-V context lazily')],
      does: (call) => derived(call, { hyperv: hasHyperv(call.stored, call.host, call.lookup) }),
      witness: { in: hyperv, out: derived(hyperv, { hyperv: true }) },
    },
  ],
})
