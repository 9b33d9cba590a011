import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { anEvent, type L2Event, type L2EventGoes } from './event.ts'

/** What becomes of an exception that user space left pending in L2. */
export const runExceptionLeavesL2 = behaviour<L2Event, L2EventGoes>({
  id: 'run-exception-leaves-l2',
  catalogue: 'run-exception-to-vmexit',
  says: 'an exception that user space left pending in L2, and that L1 wants, leaves L2 when the vCPU is run',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_run', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_run', '6.1.192'),
    commit('7709aba8f716', 'KVM: x86: Morph pending exceptions to pending VM-Exits at queue time'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.1'),
      says: 'it is delivered to L2',
      bug: 'L1 does not see an exception that it intercepts',
      does: () => ({ to: 'L2' }),
      witness: { in: anEvent({ event: 'exception' }), out: { to: 'L2' } },
    },
    {
      lifetime: since('6.1'),
      does: ({ format, intercepted }) =>
        intercepted ? { to: 'L1', exitReason: format === 'vmx' ? 0 : 0x40 } : { to: 'L2' },
      witness: { in: anEvent({ event: 'exception' }), out: { to: 'L1', exitReason: 0 } },
    },
  ],
})
