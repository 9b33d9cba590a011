import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const busLockBoth: EnableCapRule = rule({
  id: 'bus-lock-both',
  catalogue: 'enable-cap-vm',
  says: 'locks of the bus cannot both exit and be left alone',
  lifetime: since('5.12'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, arguments: [mode] }) => capability === capabilities.busLockExit && (mode & 3n) === 3n,
  witness: {
    refused: asked(capabilities.busLockExit, 3n),
    accepted: asked(capabilities.busLockExit, 1n),
  },
})
