import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type OneRegCall, readTsc } from './call.ts'

export const oneRegUnwritableValue = rule<OneRegCall>({
  id: 'one-reg-unwritable-value',
  catalogue: 'msr-one-reg',
  says: 'where KVM_GET_ONE_REG puts the value must be writable',
  lifetime: since('6.18'),
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/msrs.c', 'kvm_get_one_msr', '7.0')],
  evidence: 'source',
  refuses: ({ access, faults }) => access === 'read' && faults.has('value'),
  witness: { refused: { ...readTsc, faults: new Set(['value']) }, accepted: readTsc },
})
