import { always, rule } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { asked, intake61, intake612 } from './where-read.ts'

const { request } = aCall()

/** One block, before any of it is looked at. */
export const setCpuidEntriesCopy = rule<SetCpuidCall>({
  id: 'set-cpuid-entries-copy',
  catalogue: 'set-cpuid-entries-copy',
  says: 'every entry must be readable',
  lifetime: always,
  errno: 'EFAULT',
  sources: [intake612, intake61, asked],
  evidence: 'recorded',
  refuses: ({ request: { nent, readable } }) => readable < nent,
  witness: { refused: aCall({ request: { ...request, readable: 0 } }), accepted: aCall() },
})
