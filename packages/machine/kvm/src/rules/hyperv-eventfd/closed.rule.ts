import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { deassigns, type HypervEventfdRule, joinsFive } from './case.ts'

export const connectionClosed: HypervEventfdRule = rule({
  id: 'hyperv-connection-closed',
  catalogue: 'ioctls-not-detailed',
  says: 'what is signalled is an open file',
  lifetime: always,
  errno: 'EBADF',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'kvm_vm_ioctl_hv_eventfd', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags, file }) => flags !== deassigns && file === 'closed',
  witness: { refused: { ...joinsFive, file: 'closed' }, accepted: joinsFive },
})
