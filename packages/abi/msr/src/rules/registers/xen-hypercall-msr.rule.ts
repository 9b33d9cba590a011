import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'

const restored = hostWrites(0x4000_0000, 0x1000n, { vm: { xenMsr: 0x4000_0000 } })
const isXen = ({ access, index, vm }: MsrCall): boolean => access === 'write' && vm.xenMsr !== 0 && index === vm.xenMsr

/** Whether a write fills the hypercall page that KVM_XEN_HVM_CONFIG promised, instead of going to a register. */
export const xenHypercallMsr = behaviour<MsrCall, boolean>({
  id: 'xen-hypercall-msr',
  catalogue: 'xen-config',
  says: 'writing the MSR that KVM_XEN_HVM_CONFIG chose fills a page with hypercalls',
  sources: [kernelSource('arch/x86/kvm/msrs.c', 'kvm_set_msr_common', '7.0')],
  evidence: 'source',
  versions: [
    {
      lifetime: until({ absentIn: '6.12.117', presentIn: '6.15' }),
      says: 'also when user space restores it',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
      bug: 'user space that restores MSRs has a page of guest memory written',
      does: isXen,
      witness: { in: restored, out: true },
    },
    {
      lifetime: since({ absentIn: '6.12.117', presentIn: '6.15' }),
      says: 'only when the guest does',
      does: (call) => isXen(call) && call.initiator === 'guest',
      witness: { in: restored, out: false },
    },
  ],
})
