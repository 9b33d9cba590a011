import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule, isEncryption } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const encryptionContextFile: EnableCapRule = rule({
  id: 'encryption-context-file',
  catalogue: 'enable-cap-vm',
  says: 'the VM whose encryption is shared is named by a file of a VM that encrypts',
  lifetime: until({ absentIn: '6.1.192', presentIn: '6.12.117' }),
  errno: 'EBADF',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'svm_x86_ops', '6.1.192'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, module }) => isEncryption(capability) && module === 'kvm_amd',
  witness: {
    refused: asked(capabilities.copyEncryption, 3n, { module: 'kvm_amd' }),
    accepted: asked(164, 1n, { module: 'kvm_amd' }),
  },
})
