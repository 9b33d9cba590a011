import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'

export const nxPermission: EnableCapRule = rule({
  id: 'nx-huge-pages-permission',
  catalogue: 'enable-cap-vm',
  says: 'who may not reboot the machine cannot do without its mitigation of huge pages',
  lifetime: since('6.0'),
  errno: 'EPERM',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117')],
  evidence: 'source',
  refuses: ({ capability, mayReboot }) => capability === capabilities.nxHugePages && !mayReboot,
  witness: {
    refused: asked(capabilities.nxHugePages, 0n, { mayReboot: false }),
    accepted: asked(capabilities.nxHugePages, 0n),
  },
})
