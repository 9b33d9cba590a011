import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { deassigns, type HypervEventfdRule, joinsFive } from './case.ts'

export const connectionBits: HypervEventfdRule = rule({
  id: 'hyperv-connection-bits',
  catalogue: 'ioctls-not-detailed',
  says: 'a connection has 24 bits, and one flag takes its eventfd away',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'kvm_vm_ioctl_hv_eventfd', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags, connection }) => (flags & ~deassigns) !== 0 || connection > 0xff_ffff,
  witness: { refused: { ...joinsFive, connection: 0x100_0000 }, accepted: joinsFive },
})
