import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEvent, type L2Event, type L2EventGoes } from './event.ts'

/** Where a triple fault of L2 goes. */
export const nestedTripleFaultGoes = behaviour<L2Event, L2EventGoes>({
  id: 'nested-triple-fault-goes',
  catalogue: 'nested-triple-fault',
  says: 'a triple fault of L2 leaves L2 with VMX for reason 2, and with SVM where L1 intercepts shutdown; otherwise user space is told of a shutdown',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_triple_fault', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_triple_fault', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ format, intercepted }) => {
        if (format === 'vmx') return { to: 'L1', exitReason: 2 }
        return intercepted ? { to: 'L1', exitReason: 0x7f } : { to: 'user space' }
      },
      witness: { in: anEvent({ format: 'svm', event: 'triple fault', intercepted: false }), out: { to: 'user space' } },
    },
  ],
})
