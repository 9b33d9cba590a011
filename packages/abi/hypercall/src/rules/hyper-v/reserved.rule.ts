import { always, rule } from '@vmm/rule'
import { type HyperVRule, hyperVMade, hyperVSource } from './case.ts'

/** Bits 31:27, 47:44 and 63:60. */
const reservedBits = 0xf000_f000_f800_0000n

export const hyperVReserved: HyperVRule = rule({
  id: 'hv-hc-reserved',
  catalogue: 'hv-hc-args',
  says: 'reserved bits of the control word are refused',
  lifetime: always,
  errno: 'HV_STATUS_INVALID_HYPERCALL_INPUT',
  sources: [hyperVSource],
  evidence: 'source',
  refuses: ({ call }) => (call.control & reservedBits) !== 0n,
  witness: {
    refused: hyperVMade('HVCALL_NOTIFY_LONG_SPIN_WAIT', { more: 1n << 31n }),
    accepted: hyperVMade('HVCALL_NOTIFY_LONG_SPIN_WAIT'),
  },
})
