import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const haltPoll: EnableCapRule = rule({
  id: 'halt-poll-time',
  catalogue: 'enable-cap-vm',
  says: 'the kernel polls for at most as many nanoseconds as 32 bits hold',
  lifetime: since({ absentIn: '5.2', presentIn: '5.15' }),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_enable_cap_generic', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, arguments: [nanoseconds] }) =>
    capability === capabilities.haltPoll && nanoseconds > 0xffff_ffffn,
  witness: {
    refused: asked(capabilities.haltPoll, 1n << 32n),
    accepted: asked(capabilities.haltPoll, 0xffff_ffffn),
  },
})
