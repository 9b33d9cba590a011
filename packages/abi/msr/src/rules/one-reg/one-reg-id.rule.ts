import { rule, since } from '@vmm/rule'
import { commit, kernelSource, probe } from '@vmm/source'
import {
  architectureOf,
  idOf,
  indexOf,
  type OneRegCall,
  readTsc,
  reservedOf,
  sizeOf,
  typeKvm,
  typeMsr,
  typeOf,
} from './call.ts'

/** KVM's own registers are one: the shadow-stack pointer, for vCPUs that have it. */
const isKnown = ({ id, shadowStacks }: OneRegCall): boolean =>
  typeOf(id) === typeMsr || (typeOf(id) === typeKvm && indexOf(id) === 0 && shadowStacks)

export const oneRegId = rule<OneRegCall>({
  id: 'one-reg-id',
  catalogue: 'msr-one-reg',
  says: 'a register is one of x86, of 64 bits, an MSR or the shadow-stack pointer of a vCPU that has one',
  lifetime: since('6.18'),
  errno: 'EINVAL',
  sources: [
    commit('06f2969c6a12', 'KVM: x86: Introduce KVM_{G,S}ET_ONE_REG uAPIs support'),
    kernelSource('arch/x86/kvm/msrs.c', 'kvm_get_set_one_reg', '7.0'),
    probe('dispatch', 'Linux 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: (call) =>
    architectureOf(call.id) !== 0x20n || reservedOf(call.id) !== 0n || !isKnown(call) || sizeOf(call.id) !== 3n,
  witness: {
    refused: { ...readTsc, id: idOf(typeKvm, 0n) },
    accepted: { ...readTsc, id: idOf(typeKvm, 0n), shadowStacks: true },
  },
})
