import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const disableExitsLate: EnableCapRule = rule({
  id: 'disable-exits-late',
  catalogue: 'enable-cap-vm',
  says: 'exits are switched off before the first vCPU is made',
  lifetime: since({ absentIn: '6.12.117', presentIn: '6.18' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '7.0'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, vcpus }) => capability === capabilities.disableExits && vcpus > 0,
  witness: {
    refused: asked(capabilities.disableExits, 2n, { answered: 0xe, vcpus: 1 }),
    accepted: asked(capabilities.disableExits, 2n, { answered: 0xe }),
  },
})
