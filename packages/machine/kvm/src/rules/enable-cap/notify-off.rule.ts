import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'

export const notifyOff: EnableCapRule = rule({
  id: 'notify-off',
  catalogue: 'enable-cap-vm',
  says: 'leaving guests for want of events is not switched off by enabling it',
  lifetime: since('6.0'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117')],
  evidence: 'source',
  refuses: ({ capability, arguments: [flags] }) => capability === capabilities.notifyExit && (flags & 1n) === 0n,
  witness: {
    refused: asked(capabilities.notifyExit, 2n),
    accepted: asked(capabilities.notifyExit, 1n),
  },
})
