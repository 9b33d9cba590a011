import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'

/** A hypercall instruction of a nested guest. */
export interface NestedHypercall {
  readonly instruction: 'VMCALL' | 'VMMCALL'
  /** The VMCB of L1 intercepts VMMCALL. VMX has no such choice. */
  readonly intercepted: boolean
  /** It is one of Hyper-V's TLB flushes, and L1 left these to the hypervisor below it. */
  readonly flush: boolean
}

/** Who gets it: the hypervisor in L1, this kernel for Hyper-V, or the nested guest itself as #UD. */
export type NestedHypercallVerdict = 'l1' | 'hyper-v' | '#UD'

const flush: NestedHypercall = { instruction: 'VMCALL', intercepted: false, flush: true }

function toL1({ instruction, intercepted }: NestedHypercall): NestedHypercallVerdict {
  return instruction === 'VMCALL' || intercepted ? 'l1' : '#UD'
}

/** KVM's own interface never answers a nested guest. */
export const hypercallFromL2: Behaviour<NestedHypercall, NestedHypercallVerdict> = behaviour<
  NestedHypercall,
  NestedHypercallVerdict
>({
  id: 'hc-from-l2',
  catalogue: 'hc-from-l2',
  says: 'VMCALL of a nested guest leaves to L1, VMMCALL where L1 intercepts it and is an invalid opcode otherwise',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_l0_wants_exit', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'recalc_intercepts', '6.1.192'),
  ],
  evidence: 'source',
  versions: [
    { lifetime: until('6.2'), does: toL1, witness: { in: flush, out: 'l1' } },
    {
      lifetime: since('6.2'),
      says: 'flushes that L1 left to Hyper-V below are done there',
      sources: [commit('c30e9bc8b606', 'KVM: nVMX: hyper-v: Enable L2 TLB flush')],
      does: (call) => (call.flush ? 'hyper-v' : toL1(call)),
      witness: { in: flush, out: 'hyper-v' },
    },
  ],
})
