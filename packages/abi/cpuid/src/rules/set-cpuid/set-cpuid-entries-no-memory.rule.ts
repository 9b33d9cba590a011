import { always, rule } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { intake612, legacy612 } from './where-read.ts'

const failing = 'entries'

/** Entries are copied into memory of the kernel's own; an empty table needs none. */
export const setCpuidEntriesNoMemory = rule<SetCpuidCall>({
  id: 'set-cpuid-entries-no-memory',
  catalogue: 'set-cpuid-entries-copy',
  says: 'there must be memory for the entries',
  lifetime: always,
  errno: 'ENOMEM',
  sources: [intake612, legacy612],
  evidence: 'source',
  refuses: ({ failing, request: { nent } }) => failing === 'entries' && nent > 0,
  witness: { refused: aCall({ failing }), accepted: aCall({ failing, incoming: [] }) },
})
