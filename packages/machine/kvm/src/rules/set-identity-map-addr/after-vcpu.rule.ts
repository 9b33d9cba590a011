import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import type { IdentityMapRule } from './case.ts'

/** Before the address is read. */
export const identityAfterVcpu: IdentityMapRule = rule({
  id: 'identity-map-after-vcpu',
  catalogue: 'tss-identity',
  says: 'it is said before there is a vCPU',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.1.192'),
    askedMemory,
  ],
  evidence: 'recorded',
  refuses: ({ vcpus }) => vcpus > 0,
  witness: { refused: { vcpus: 1 }, accepted: { vcpus: 0 } },
})
