import { behaviour, since, until } from '@vmm/rule'
import { commit } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { amdHost, hostWrites } from '../witness.ts'

const written = hostWrites(0x1d9, 3n, { host: amdHost })

export const debugctlAmdSingleStep = behaviour<MsrCall, MsrCall>({
  id: 'debugctl-amd-single-step',
  catalogue: 'silently-ignored',
  says: 'on AMD, DEBUGCTL.BTF is taken and forgotten',
  sources: [commit('d0eac42f5cec', 'KVM: SVM: Suppress DEBUGCTL.BTF on AMD')],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.14', { '6.12': { until: '6.12.19' }, '6.13': 'unread', '6.6': 'unread' }),
      says: 'it is kept',
      does: (call) => call,
      witness: { in: written, out: written },
    },
    {
      lifetime: since('6.14', { '6.12': '6.12.19', '6.13': 'unread', '6.6': 'unread' }),
      does: (call) =>
        call.index === 0x1d9 && call.host.module === 'kvm_amd' ? { ...call, data: call.data & ~2n } : call,
      witness: { in: written, out: { ...written, data: 1n } },
    },
  ],
})
