import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type OneRegCall, readTsc } from './call.ts'

/** The one call in which user space sees that an MSR refuses. */
export const oneRegFails = rule<OneRegCall>({
  id: 'one-reg-fails',
  catalogue: 'msr-one-reg',
  says: 'an access that KVM_GET_MSRS or KVM_SET_MSRS would not count fails',
  lifetime: since('6.18'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/msrs.c', 'kvm_get_one_msr', '7.0')],
  evidence: 'source',
  refuses: ({ succeeds }) => !succeeds,
  witness: { refused: { ...readTsc, succeeds: false, faults: new Set(['value']) }, accepted: readTsc },
})
