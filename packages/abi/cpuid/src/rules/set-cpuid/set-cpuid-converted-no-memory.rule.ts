import { rule, since } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { allocateDynamically, legacy612 } from './where-read.ts'

const call = 'KVM_SET_CPUID'
const failing = 'converted entries'

/** The legacy entries are read first, then converted into memory of their own. */
export const setCpuidConvertedNoMemory = rule<SetCpuidCall>({
  id: 'set-cpuid-converted-no-memory',
  catalogue: 'set-cpuid-entries-copy',
  says: 'there must be memory for the converted entries',
  lifetime: since('5.10'),
  errno: 'ENOMEM',
  sources: [legacy612, allocateDynamically],
  evidence: 'source',
  refuses: ({ call, failing, request: { nent } }) =>
    call === 'KVM_SET_CPUID' && failing === 'converted entries' && nent > 0,
  witness: { refused: aCall({ call, failing }), accepted: aCall({ failing }) },
})
