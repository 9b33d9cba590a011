import { behaviour, since } from '@vmm/rule'
import { commit } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { hasHyperv } from './has-hyperv.ts'
import { reportHypervFailure, set612 } from './where-read.ts'

const hyperv = aCall({ incoming: [entry(0x4000_0001, { eax: 0x3123_7648 })] })

/** It stays when a later step refuses. */
export const setCpuidHypervAlloc = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-hyperv-alloc',
  catalogue: 'set-cpuid-hyperv-alloc',
  says: "where leaf 40000001H is Hyper-V's, the vCPU gets its Hyper-V state, if it has none",
  sources: [reportHypervFailure, set612],
  evidence: 'source',
  versions: [
    {
      lifetime: since('5.12'),
      sources: [commit('fc08b628d7c9', 'KVM: x86: hyper-v: Allocate Hyper-V context lazily')],
      does: (call) => {
        const { hypervContext, installed, stored, incoming, host, lookup, failing } = call
        if (hypervContext || failing === 'Hyper-V context') return call
        if (!hasHyperv(installed ? stored : incoming, host, lookup)) return call
        return { ...call, hypervContext: true, effects: [...call.effects, { kind: 'hyperv-context-created' }] }
      },
      witness: {
        in: hyperv,
        out: { ...hyperv, hypervContext: true, effects: [{ kind: 'hyperv-context-created' }] },
      },
    },
  ],
})
