import { always, behaviour } from '@vmm/rule'
import { type CpuidEntry, entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { asked, legacy612 } from './where-read.ts'

const convert = ({ function: leaf, eax, ebx, ecx, edx }: CpuidEntry) => entry(leaf, { eax, ebx, ecx, edx })

/** The legacy call cannot say that an index matters: its first entry for a function answers for every ECX. */
export const setCpuidLegacyStruct = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-legacy-struct',
  catalogue: 'set-cpuid-legacy-struct',
  says: 'an entry of the legacy call gets index 0 and no flags',
  sources: [legacy612, asked],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, incoming: call.incoming.map(convert) }),
      witness: {
        in: aCall({ incoming: [entry(4, { eax: 1 }, 2)] }),
        out: { ...aCall({ incoming: [entry(4, { eax: 1 }, 2)] }), incoming: [entry(4, { eax: 1 })] },
      },
    },
  ],
})
