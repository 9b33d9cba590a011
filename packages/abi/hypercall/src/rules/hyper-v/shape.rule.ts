import { always, rule } from '@vmm/rule'
import { type HyperVRule, hyperVMade, hyperVRowOf, hyperVSource } from './case.ts'

export const hyperVShape: HyperVRule = rule({
  id: 'hv-hc-shape',
  catalogue: 'hv-hc-args',
  says: 'a call has a list, and a header of variable size, where it takes one and only there; a list is begun at 0',
  lifetime: always,
  errno: 'HV_STATUS_INVALID_HYPERCALL_INPUT',
  sources: [hyperVSource],
  evidence: 'source',
  refuses: (made) => {
    const row = hyperVRowOf(made)
    const { headerSize, repeatCount, repeatStart } = made.call
    if (row === undefined) return false
    if (row.header === 'fixed' && headerSize !== 0) return true
    if (row.repeats === 'over a list') return repeatCount === 0 || repeatStart !== 0
    return row.repeats === 'never' && (repeatCount !== 0 || repeatStart !== 0)
  },
  witness: {
    refused: hyperVMade('HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST', { count: 1n, start: 1n }),
    accepted: hyperVMade('HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST', { count: 1n }),
  },
})
