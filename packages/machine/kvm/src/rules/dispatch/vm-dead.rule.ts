import { rule, since } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type DispatchRule, versionAsked } from './case.ts'

const onVm = { ...versionAsked, fd: 'vm' } as const

export const vmDead: DispatchRule = rule({
  id: 'fd-vm-dead',
  catalogue: 'fd-lifetime',
  says: 'a VM that could not go on, and its vCPUs, answer nothing any more',
  lifetime: since({ absentIn: '5.10', presentIn: '6.1' }),
  errno: 'EIO',
  sources: [
    kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl', '6.12.117'),
    kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl', '6.1.192'),
    probe('smm', 'Linux 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: ({ dead }) => dead === true,
  witness: { refused: { ...onVm, dead: true }, accepted: onVm },
})
