import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { recordedDispatch } from '../memory-encryption/where-recorded.ts'
import { type HypervEventfdRule, joinsFive } from './case.ts'

export const connectionsNotBuilt: HypervEventfdRule = rule({
  id: 'hyperv-eventfd-not-built',
  catalogue: 'ioctls-not-detailed',
  says: 'a kernel without CONFIG_KVM_HYPERV has no connections',
  lifetime: always,
  errno: 'ENOTTY',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'), recordedDispatch],
  evidence: 'recorded',
  refuses: ({ built }) => !built,
  witness: { refused: { ...joinsFive, built: false }, accepted: joinsFive },
})
