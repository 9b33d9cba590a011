import { behaviour, since, until } from '@vmm/rule'
import { kernelDoc, kernelSource } from '@vmm/source'

export const nestedGuestModeFlag = behaviour<boolean, number>({
  id: 'nested-guest-mode-flag',
  catalogue: 'nested-regs-in-l2',
  says: 'kvm_run.flags say with bit 2 that L2 was active when KVM_RUN came back',
  sources: [
    kernelDoc('Documentation/virt/kvm/api.rst', '5. The kvm_run structure'),
    kernelSource('arch/x86/kvm/x86.c', 'post_kvm_run_save', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.11'),
      says: 'there is no such flag',
      does: () => 0,
      witness: { in: true, out: 0 },
    },
    {
      lifetime: since('6.11'),
      does: (l2Active) => (l2Active ? 4 : 0),
      witness: { in: true, out: 4 },
    },
  ],
})
