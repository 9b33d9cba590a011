import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { deassigns, type HypervEventfdRule, joinsFive } from './case.ts'

export const connectionNotJoined: HypervEventfdRule = rule({
  id: 'hyperv-connection-not-joined',
  catalogue: 'ioctls-not-detailed',
  says: 'what is taken away is there',
  lifetime: always,
  errno: 'ENOENT',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'kvm_vm_ioctl_hv_eventfd', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags, joined }) => flags === deassigns && !joined,
  witness: { refused: { ...joinsFive, flags: deassigns }, accepted: { ...joinsFive, flags: deassigns, joined: true } },
})
