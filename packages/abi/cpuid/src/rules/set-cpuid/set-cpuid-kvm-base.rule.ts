import { behaviour, between } from '@vmm/rule'
import { commit } from '@vmm/source'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { kvmLeavesAt } from '../runtime/a-runtime-update.ts'
import { aCall } from './a-call.ts'
import { remembersBase } from './remembers-base.ts'
import { asked, set612 } from './where-read.ts'

const call = aCall({ stored: kvmLeavesAt(0x4000_0100, 0), installed: true })

/** What the runtime update of the next call works with, up to 6.8. */
export const setCpuidKvmBase = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-kvm-base',
  catalogue: 'hv-base-scan',
  says: 'KVM remembers where its own leaves are: the first base with its signature',
  sources: [
    commit('760849b1476c', 'KVM: x86: Make sure KVM_CPUID_FEATURES really are KVM_CPUID_FEATURES'),
    commit('a5b32718081e', "KVM: x86: Remove unnecessary caching of KVM's PV CPUID base"),
    set612,
    asked,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: between('5.16', '6.14'),
      does: (call) => remembersBase(call, 'kvm'),
      witness: { in: call, out: { ...call, kvmBase: { base: 0x4000_0100, limit: 0x4000_0101 } } },
    },
  ],
})
