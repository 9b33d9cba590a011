import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const notifyUnknown: EnableCapRule = rule({
  id: 'notify-unknown',
  catalogue: 'enable-cap-vm',
  says: 'guests are left for want of events if that is on, and told to user space if that is',
  lifetime: since('6.0'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, arguments: [flags] }) =>
    capability === capabilities.notifyExit && (BigInt.asUintN(32, flags) & ~3n) !== 0n,
  witness: {
    refused: asked(capabilities.notifyExit, 5n),
    accepted: asked(capabilities.notifyExit, 3n),
  },
})
