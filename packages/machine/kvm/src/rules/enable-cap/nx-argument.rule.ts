import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const nxArgument: EnableCapRule = rule({
  id: 'nx-huge-pages-argument',
  catalogue: 'enable-cap-vm',
  says: 'to do without the mitigation of huge pages takes no argument',
  lifetime: since('6.0'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, arguments: [argument] }) => capability === capabilities.nxHugePages && argument !== 0n,
  witness: {
    refused: asked(capabilities.nxHugePages, 1n),
    accepted: asked(capabilities.nxHugePages, 0n),
  },
})
