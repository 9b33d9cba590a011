import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const pmuAbsent: EnableCapRule = rule({
  id: 'pmu-absent',
  catalogue: 'enable-cap-vm',
  says: 'where KVM has no performance monitoring, nobody switches it',
  lifetime: since('5.18'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, pmu }) => capability === capabilities.pmu && !pmu,
  witness: {
    refused: asked(capabilities.pmu, 1n, { pmu: false }),
    accepted: asked(capabilities.pmu, 1n),
  },
})
