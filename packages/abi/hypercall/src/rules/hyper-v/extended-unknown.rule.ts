import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isExtendedHyperVCall } from '../../hyper-v.ts'
import { type HyperVRule, hyperVMade } from './case.ts'

export const hyperVExtendedUnknown: HyperVRule = rule({
  id: 'hv-hc-extended-unknown',
  catalogue: 'hv-hc-exit',
  says: 'before user space was asked about extended calls their codes were unknown',
  lifetime: until({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'HV_STATUS_INVALID_HYPERCALL_CODE',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_hypercall', '6.1.192')],
  evidence: 'source',
  refuses: ({ call }) => isExtendedHyperVCall(call.code),
  witness: {
    refused: hyperVMade(0x8001, { fast: 0n }),
    accepted: hyperVMade('HVCALL_NOTIFY_LONG_SPIN_WAIT'),
  },
})
