import { always, rule } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { asked, dispatch61 } from './where-read.ts'

const { request } = aCall()

/** The header of 8 bytes comes first; its padding is never looked at. */
export const setCpuidHeaderCopy = rule<SetCpuidCall>({
  id: 'set-cpuid-header-copy',
  catalogue: 'set-cpuid-header-copy',
  says: 'the header must be readable',
  lifetime: always,
  errno: 'EFAULT',
  sources: [dispatch61, asked],
  evidence: 'recorded',
  refuses: ({ request: { header } }) => header === 'faults',
  witness: { refused: aCall({ request: { ...request, header: 'faults' } }), accepted: aCall() },
})
