import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'

export const pmuLate: EnableCapRule = rule({
  id: 'pmu-late',
  catalogue: 'enable-cap-vm',
  says: 'whether there is performance monitoring is said before the first vCPU is made',
  lifetime: since('5.18'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117')],
  evidence: 'source',
  refuses: ({ capability, vcpus }) => capability === capabilities.pmu && vcpus > 0,
  witness: {
    refused: asked(capabilities.pmu, 1n, { vcpus: 1 }),
    accepted: asked(capabilities.pmu, 1n),
  },
})
