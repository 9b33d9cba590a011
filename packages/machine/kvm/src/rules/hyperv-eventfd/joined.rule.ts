import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { deassigns, type HypervEventfdRule, joinsFive } from './case.ts'

export const connectionJoined: HypervEventfdRule = rule({
  id: 'hyperv-connection-joined',
  catalogue: 'ioctls-not-detailed',
  says: 'a connection signals one eventfd',
  lifetime: always,
  errno: 'EEXIST',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'kvm_vm_ioctl_hv_eventfd', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags, joined }) => flags !== deassigns && joined,
  witness: { refused: { ...joinsFive, joined: true }, accepted: joinsFive },
})
