import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule, isEncryption } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const encryptionContext: EnableCapRule = rule({
  id: 'encryption-context',
  catalogue: 'enable-cap-vm',
  says: 'the encryption of a VM is shared or moved where the processor encrypts guests',
  lifetime: since('5.13'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, module }) => isEncryption(capability) && module !== 'kvm_amd',
  witness: {
    refused: asked(capabilities.copyEncryption, 3n),
    accepted: asked(164, 1n),
  },
})
