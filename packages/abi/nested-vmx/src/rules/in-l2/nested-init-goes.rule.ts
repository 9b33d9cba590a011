import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEvent, type L2Event, type L2EventGoes } from './event.ts'

/** Where INIT and a startup signal go. */
export const nestedInitGoes = behaviour<L2Event, L2EventGoes>({
  id: 'nested-init-goes',
  catalogue: 'nested-leave-on-init',
  says: 'INIT leaves L2 with VMX for reason 3, and with SVM where L1 intercepts it; otherwise the vCPU is reset. A startup signal waits for L1',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_check_nested_events', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_check_nested_events', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ format, event, intercepted, runPending }) => {
        if (runPending || event === 'startup') return { to: 'nobody yet' }
        if (format === 'vmx') return { to: 'L1', exitReason: 3 }
        return intercepted ? { to: 'L1', exitReason: 0x63 } : { to: 'L2' }
      },
      witness: { in: anEvent({ event: 'init', intercepted: false }), out: { to: 'L1', exitReason: 3 } },
    },
  ],
})
