import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const emulationFailureBits: EnableCapRule = rule({
  id: 'emulation-failure-bits',
  catalogue: 'enable-cap-vm',
  says: 'to exit where an instruction cannot be emulated is on, 1, or off, 0',
  lifetime: since('5.14'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, arguments: [on] }) => capability === capabilities.emulationFailure && (on & ~1n) !== 0n,
  witness: {
    refused: asked(capabilities.emulationFailure, 2n),
    accepted: asked(capabilities.emulationFailure, 1n),
  },
})
