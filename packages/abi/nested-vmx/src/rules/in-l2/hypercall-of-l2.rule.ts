import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { L2Hypercall } from './hypercall.ts'

function goes({ format, intercepted }: L2Hypercall): string {
  if (format === 'vmx') return 'L1: reason 18'
  return intercepted ? 'L1: reason 0x81' : '#UD'
}

/** Since when KVM has HV_X64_NESTED_DIRECT_FLUSH. */
const served = { absentIn: '6.1', presentIn: '6.12' } as const

/** Whose a hypercall is that L2 makes. */
export const hypercallOfL2 = behaviour<L2Hypercall, string>({
  id: 'hypercall-of-l2',
  catalogue: 'hc-from-l2',
  says: 'a hypercall of L2 is L1’s and never KVM’s, but for a flush of translations that Hyper-V in L1 leaves to KVM; with SVM, where L1 does not intercept it, it is no instruction',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_l0_wants_exit', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_intercept', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until(served),
      says: 'a flush of translations is L1’s too',
      sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_l0_wants_exit', '6.1.192')],
      does: goes,
      witness: { in: { format: 'vmx', intercepted: false, directFlush: true }, out: 'L1: reason 18' },
    },
    {
      lifetime: since(served),
      does: (made) => (made.directFlush ? 'KVM' : goes(made)),
      witness: { in: { format: 'vmx', intercepted: false, directFlush: true }, out: 'KVM' },
    },
  ],
})
