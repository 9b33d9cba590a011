import { behaviour, since, until } from '@vmm/rule'
import { commit } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { amdHost, hostWrites } from '../witness.ts'

const written = hostWrites(0x1d9, 0x3dn, { host: amdHost })

export const debugctlAmdDropped = behaviour<MsrCall, MsrCall>({
  id: 'debugctl-amd-dropped',
  catalogue: 'silently-ignored',
  says: 'on AMD, bits 5:2 of DEBUGCTL are taken and forgotten',
  sources: [commit('ee89e8013383', "KVM: SVM: Drop DEBUGCTL[5:2] from guest's effective value")],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.14', {
        '6.12': { until: '6.12.19' },
        '6.1': { until: '6.1.131' },
        '6.13': 'unread',
        '6.6': 'unread',
        '5.15': 'unread',
        '5.10': 'unread',
        '5.4': 'unread',
      }),
      says: 'it is kept',
      does: (call) => call,
      witness: { in: written, out: written },
    },
    {
      lifetime: since('6.14', {
        '6.12': '6.12.19',
        '6.1': '6.1.131',
        '6.13': 'unread',
        '6.6': 'unread',
        '5.15': 'unread',
        '5.10': 'unread',
        '5.4': 'unread',
      }),
      does: (call) =>
        call.index === 0x1d9 && call.host.module === 'kvm_amd' ? { ...call, data: call.data & ~0x3cn } : call,
      witness: { in: written, out: { ...written, data: 1n } },
    },
  ],
})
