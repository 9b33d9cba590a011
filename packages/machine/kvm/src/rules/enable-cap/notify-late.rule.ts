import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'

export const notifyLate: EnableCapRule = rule({
  id: 'notify-late',
  catalogue: 'enable-cap-vm',
  says: 'for how long a guest may want events is said before the first vCPU is made',
  lifetime: since('6.0'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117')],
  evidence: 'source',
  refuses: ({ capability, vcpus }) => capability === capabilities.notifyExit && vcpus > 0,
  witness: {
    refused: asked(capabilities.notifyExit, 1n, { vcpus: 1 }),
    accepted: asked(capabilities.notifyExit, 1n),
  },
})
