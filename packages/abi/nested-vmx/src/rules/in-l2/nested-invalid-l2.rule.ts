import { always, behaviour } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'

export const nestedInvalidL2 = behaviour<
  { readonly unrestricted: boolean; readonly valid: boolean },
  'L2 runs' | 'L1: reason 2'
>({
  id: 'nested-invalid-l2',
  catalogue: 'nested-invalid-state-l2',
  says: 'L2 whose state a processor would refuse is not emulated: where guests are restricted, L1 sees a triple fault of it when it is run',
  sources: [
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_handle_exit', '6.12.117'),
    commit('cd0e615c49e5', 'KVM: nVMX: Synthesize TRIPLE_FAULT for L2 if emulation is required'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ unrestricted, valid }) => (valid || unrestricted ? 'L2 runs' : 'L1: reason 2'),
      witness: { in: { unrestricted: false, valid: false }, out: 'L1: reason 2' },
    },
  ],
})
