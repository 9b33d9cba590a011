import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const sgxAttribute: EnableCapRule = rule({
  id: 'sgx-attribute-cap',
  catalogue: 'enable-cap-vm',
  says: 'enclaves may be provisioned by who shows a file of /dev/sgx_provision; here nobody has one',
  lifetime: since('5.13'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability }) => capability === capabilities.sgxAttribute,
  witness: {
    refused: asked(capabilities.sgxAttribute, 0n),
    accepted: asked(164, 1n),
  },
})
