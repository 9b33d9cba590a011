import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const notifyAbsent: EnableCapRule = rule({
  id: 'notify-absent',
  catalogue: 'enable-cap-vm',
  says: 'guests are left for want of events where the processor can do that',
  lifetime: since('6.0'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, notifyExit }) => capability === capabilities.notifyExit && !notifyExit,
  witness: {
    refused: asked(capabilities.notifyExit, 1n, { notifyExit: false }),
    accepted: asked(capabilities.notifyExit, 1n),
  },
})
