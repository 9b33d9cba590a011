import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { deassigns, type HypervEventfdRule, joinsFive } from './case.ts'

export const connectionOtherFile: HypervEventfdRule = rule({
  id: 'hyperv-connection-other-file',
  catalogue: 'ioctls-not-detailed',
  says: 'what is signalled is an eventfd',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'kvm_vm_ioctl_hv_eventfd', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags, file }) => flags !== deassigns && file === 'other',
  witness: { refused: { ...joinsFive, file: 'other' }, accepted: joinsFive },
})
