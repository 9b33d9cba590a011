import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'

export const pmuUnknown: EnableCapRule = rule({
  id: 'pmu-unknown',
  catalogue: 'enable-cap-vm',
  says: 'a VM can do without performance monitoring, and that is all',
  lifetime: since('5.18'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117')],
  evidence: 'source',
  refuses: ({ capability, arguments: [bits] }) => capability === capabilities.pmu && (bits & ~1n) !== 0n,
  witness: {
    refused: asked(capabilities.pmu, 2n),
    accepted: asked(capabilities.pmu, 1n),
  },
})
