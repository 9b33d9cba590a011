import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type OneRegCall, readTsc } from './call.ts'

/** Before the register is asked; KVM_GET_ONE_REG asks the register first. */
export const oneRegUnreadableValue = rule<OneRegCall>({
  id: 'one-reg-unreadable-value',
  catalogue: 'msr-one-reg',
  says: 'what KVM_SET_ONE_REG writes must be readable',
  lifetime: since('6.18'),
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/msrs.c', 'kvm_set_one_msr', '7.0')],
  evidence: 'source',
  refuses: ({ access, faults }) => access === 'write' && faults.has('value'),
  witness: {
    refused: { ...readTsc, access: 'write', succeeds: false, faults: new Set(['value']) },
    accepted: { ...readTsc, access: 'write' },
  },
})
