import { behaviour, until } from '@vmm/rule'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { findLeaf } from '../kernel-lookup.ts'
import { aCall } from './a-call.ts'
import { goOnWithoutLeaf1 } from './where-read.ts'

/** Nothing follows registers then, nothing is checked, and MAXPHYADDR stays that of the table before. */
export const setCpuidWithoutLeaf1 = behaviour<SetCpuidCall, boolean>({
  id: 'set-cpuid-without-leaf-1',
  catalogue: 'set-cpuid-side-effects',
  says: 'a table without leaf 1 is not looked at any further',
  sources: [goOnWithoutLeaf1],
  evidence: 'mail',
  versions: [
    {
      lifetime: until('5.9'),
      does: ({ stored, lookup }) => findLeaf(stored, 1, lookup) === undefined,
      witness: { in: aCall({ stored: [entry(1, {})] }), out: false },
    },
  ],
})
