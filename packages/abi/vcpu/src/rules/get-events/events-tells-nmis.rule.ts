import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { GetEventsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'

export const eventsTellsNmis = behaviour<GetEventsCall, GetEventsCall>({
  id: 'events-tells-nmis',
  catalogue: 'vcpu-events-set',
  says: 'how many NMIs wait is told',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_get_vcpu_events', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_get_vcpu_events', '6.1.192'),
    commit('ab2ee212a57b', 'KVM: x86: Save/restore all NMIs when multiple NMIs are pending'),
    askedCalls,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.4'),
      says: 'whether any NMI waits',
      does: ({ nmis }) => ({ nmis, told: nmis === 0 ? 0 : 1 }),
      witness: { in: { nmis: 2, told: 0 }, out: { nmis: 2, told: 1 } },
    },
    {
      lifetime: since('6.4'),
      does: ({ nmis }) => ({ nmis, told: nmis }),
      witness: { in: { nmis: 2, told: 0 }, out: { nmis: 2, told: 2 } },
    },
  ],
})
