import { always, rule } from '@vmm/rule'
import { isExtendedHyperVCall } from '../../hyper-v.ts'
import { type HyperVRule, hyperVMade, hyperVRowOf, hyperVSource } from './case.ts'

export const hyperVUnknownCode: HyperVRule = rule({
  id: 'hv-hc-unknown',
  catalogue: 'hv-hc-access',
  says: 'a code that KVM does not know fails',
  lifetime: always,
  errno: 'HV_STATUS_INVALID_HYPERCALL_CODE',
  sources: [hyperVSource],
  evidence: 'source',
  refuses: (made) => hyperVRowOf(made) === undefined && !isExtendedHyperVCall(made.call.code),
  witness: { refused: hyperVMade(0x46), accepted: hyperVMade(0x8001, { fast: 0n }) },
})
