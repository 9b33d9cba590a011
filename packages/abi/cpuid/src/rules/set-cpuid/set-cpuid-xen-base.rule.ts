import { behaviour, since } from '@vmm/rule'
import { commit } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { remembersBase } from './remembers-base.ts'
import { set612 } from './where-read.ts'

const xen = { eax: 0x4000_0104, ebx: 0x566e_6558, ecx: 0x6558_4d4d, edx: 0x4d4d_566e }
const call = aCall({ stored: [entry(0x4000_0100, xen)], installed: true })

/** For the time leaf that KVM fills in. */
export const setCpuidXenBase = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-xen-base',
  catalogue: 'hv-base-scan',
  says: "KVM remembers where Xen's leaves are: the first base with its signature",
  sources: [commit('f422f853af03', 'KVM: x86/xen: update Xen CPUID Leaf 4 (tsc info) sub-leaves, if present'), set612],
  evidence: 'source',
  versions: [
    {
      lifetime: since('6.3'),
      does: (call) => (call.host.xen ? remembersBase(call, 'xen') : call),
      witness: { in: call, out: { ...call, xenBase: { base: 0x4000_0100, limit: 0x4000_0104 } } },
    },
  ],
})
