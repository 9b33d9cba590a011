import { rule } from '@vmm/rule'
import { mail } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { bitOf, findSubleaf } from '../kernel-lookup.ts'
import { aCall } from './a-call.ts'

const proposed = mail('ZC4qF90l77m3X1Ir@google.com', 'Re: [PATCH 0/3] KVM: x86: SGX vs. XCR0 cleanups')

const tiles = (eax: number) => aCall({ incoming: [entry(0xd, { eax }, 0)], permitted: 1n << 18n })

/** What the thread says KVM should arguably do, and why it does not: such a table is legal, if insane. */
export const askCpuidWholeAmx = rule<SetCpuidCall>({
  id: 'ask-cpuid-whole-amx',
  catalogue: 'set-cpuid-no-sanity',
  says: 'leaf DH has both XTILECFG and XTILEDATA or neither',
  lifetime: { proposal: 'ask-cpuid-whole-amx', proposed, on: '6.3' },
  errno: 'EINVAL',
  sources: [proposed],
  evidence: 'mail',
  refuses: ({ installed, stored, incoming, lookup }) => {
    const states = findSubleaf(installed ? stored : incoming, 0xd, 0, lookup)?.eax ?? 0
    return bitOf(states, 17) !== bitOf(states, 18)
  },
  witness: { refused: tiles(0x2_0007), accepted: tiles(0x6_0007) },
})
