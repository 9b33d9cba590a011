import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import type { TssAddressRule } from './case.ts'

export const tssTooHigh: TssAddressRule = rule({
  id: 'tss-address-too-high',
  catalogue: 'tss-identity',
  says: 'its three pages end within four GiB',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_set_tss_addr', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_set_tss_addr', '6.1.192'),
    askedMemory,
  ],
  evidence: 'recorded',
  refuses: ({ address }) => address > 0xffff_d000n,
  witness: { refused: { address: 0xffff_e000n }, accepted: { address: 0xffff_d000n } },
})
