import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'

export const nxLate: EnableCapRule = rule({
  id: 'nx-huge-pages-late',
  catalogue: 'enable-cap-vm',
  says: 'a VM does without the mitigation of huge pages from before its first vCPU',
  lifetime: since('6.0'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117')],
  evidence: 'source',
  refuses: ({ capability, vcpus }) => capability === capabilities.nxHugePages && vcpus > 0,
  witness: {
    refused: asked(capabilities.nxHugePages, 0n, { vcpus: 1 }),
    accepted: asked(capabilities.nxHugePages, 0n),
  },
})
