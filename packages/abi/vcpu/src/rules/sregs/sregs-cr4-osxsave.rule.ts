import { rule, until } from '@vmm/rule'
import { commit, mail } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { aSetSregs } from '../witnesses.ts'
import { CR4 } from './bits.ts'

export const sregsCr4Osxsave = rule<SetSregsCall>({
  id: 'sregs-cr4-osxsave',
  catalogue: 'sregs-order',
  says: 'CR4.OSXSAVE needs a guest with XSAVE',
  lifetime: until('5.4', { '5.3': { until: '5.3.6' }, '4.19': 'unread', '4.14': 'unread' }),
  errno: 'EINVAL',
  sources: [
    mail('20191010083612.099185303@linuxfoundation.org', '[PATCH 5.3 016/148] KVM: X86: Fix userspace set invalid CR4'),
    commit('6d1068b3a985', 'KVM: x86: invalid opcode oops on SET_SREGS with OSXSAVE bit set (CVE-2012-4461)'),
  ],
  evidence: 'mail',
  refuses: ({ given: { cr4 }, limits }) => (cr4 & CR4.OSXSAVE) !== 0n && !limits.xsave,
  witness: {
    refused: aSetSregs({ cr4: 1n << 18n }, { limits: { ...aSetSregs().limits, xsave: false } }),
    accepted: aSetSregs({ cr4: 1n << 18n }),
  },
})
