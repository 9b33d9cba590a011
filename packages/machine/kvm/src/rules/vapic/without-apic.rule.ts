import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'

/** KVM_SET_VAPIC_ADDR. */
export interface VapicCase {
  readonly localApic: 'kernel' | 'user space'
}

export const vapicWithoutApic = rule<VapicCase>({
  id: 'vapic-without-apic',
  catalogue: 'ioctls-not-detailed',
  says: 'a task priority is shared with a local APIC in the kernel',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'),
    probe('dispatch', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  refuses: ({ localApic }) => localApic !== 'kernel',
  witness: { refused: { localApic: 'user space' }, accepted: { localApic: 'kernel' } },
})
