import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedCapabilities } from '../where-recorded.ts'
import { type SplitIrqchipRule, twentyFourPins } from './case.ts'

/** EEXIST, where KVM_CREATE_IRQCHIP says EINVAL. */
export const splitAfterVcpu: SplitIrqchipRule = rule({
  id: 'irqchip-split-after-vcpu',
  catalogue: 'irqchip-split',
  says: 'local APICs in the kernel are asked for before there are vCPUs',
  lifetime: always,
  errno: 'EEXIST',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.1.192'),
    askedCapabilities,
  ],
  evidence: 'recorded',
  refuses: ({ vcpus }) => vcpus > 0,
  witness: { refused: { ...twentyFourPins, vcpus: 1 }, accepted: twentyFourPins },
})
