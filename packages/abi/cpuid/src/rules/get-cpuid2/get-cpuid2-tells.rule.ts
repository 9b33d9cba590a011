import { behaviour, between, since, until } from '@vmm/rule'
import { commit, mail } from '@vmm/source'
import type { GetCpuid2Call } from '../../get-cpuid2-call.ts'
import { asked } from '../set-cpuid/where-read.ts'
import { aGetCall } from './a-call.ts'

const tells = (call: GetCpuid2Call): GetCpuid2Call => ({ ...call, told: { ...call.told, entries: call.stored } })
const { stored, told } = aGetCall()

/** In the order in which they were set. */
export const getCpuid2Tells = behaviour<GetCpuid2Call, GetCpuid2Call>({
  id: 'get-cpuid2-tells',
  catalogue: 'set-cpuid-order-free',
  says: 'the entries are told as they are stored, in their order',
  sources: [commit('181f494888d5', 'KVM: x86: fix CPUID entries returned by KVM_GET_CPUID2 ioctl'), asked],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('5.10'),
      does: tells,
      witness: { in: aGetCall(), out: aGetCall({ told: { ...told, entries: stored } }) },
    },
    {
      lifetime: between('5.10', '5.11', { '5.10': { until: '5.10.15' } }),
      bug: "fields of the kernel's own structure were told instead",
      sources: [
        mail('20201001130541.1398392-3-vkuznets@redhat.com', 'KVM: x86: allocate vcpu->arch.cpuid_entries dynamically'),
      ],
      does: (call) => ({ ...call, told: { ...call.told, entries: 'kernel memory' } }),
      witness: { in: aGetCall(), out: aGetCall({ told: { ...told, entries: 'kernel memory' } }) },
    },
    {
      lifetime: since('5.11', { '5.10': '5.10.15' }),
      does: tells,
      witness: { in: aGetCall(), out: aGetCall({ told: { ...told, entries: stored } }) },
    },
  ],
})
