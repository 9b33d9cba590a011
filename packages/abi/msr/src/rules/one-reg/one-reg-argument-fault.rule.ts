import { rule, since } from '@vmm/rule'
import { commit, probe } from '@vmm/source'
import { type OneRegCall, readTsc } from './call.ts'

export const oneRegArgumentFault = rule<OneRegCall>({
  id: 'one-reg-argument-fault',
  catalogue: 'msr-one-reg',
  says: 'struct kvm_one_reg must be readable',
  lifetime: since('6.18'),
  errno: 'EFAULT',
  sources: [
    commit('06f2969c6a12', 'KVM: x86: Introduce KVM_{G,S}ET_ONE_REG uAPIs support'),
    probe('dispatch', 'Linux 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ faults }) => faults.has('argument'),
  witness: { refused: { ...readTsc, faults: new Set(['argument']) }, accepted: readTsc },
})
