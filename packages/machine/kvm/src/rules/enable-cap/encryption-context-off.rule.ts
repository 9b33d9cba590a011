import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule, isEncryption } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const encryptionContextOff: EnableCapRule = rule({
  id: 'encryption-context-off',
  catalogue: 'enable-cap-vm',
  says: 'a processor that does not encrypt guests has nothing to share',
  lifetime: since({ absentIn: '6.1.192', presentIn: '6.12.117' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'svm_x86_ops', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, module }) => isEncryption(capability) && module === 'kvm_amd',
  witness: {
    refused: asked(capabilities.copyEncryption, 3n, { module: 'kvm_amd' }),
    accepted: asked(164, 1n, { module: 'kvm_amd' }),
  },
})
