import { ioctlNumbered } from '@vmm/kvm-uapi'
import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedDispatch } from '../where-recorded.ts'
import { type DispatchRule, versionAsked } from './case.ts'

const asked = { ...versionAsked, ioctl: ioctlNumbered(0xae00) }

/** KVM_GET_API_VERSION, KVM_GET_VCPU_MMAP_SIZE and KVM_RUN. */
export const zeroArgument: DispatchRule = rule({
  id: 'fd-devarg-zero',
  catalogue: 'fd-devarg-zero',
  says: 'a call that takes no argument refuses every one but 0',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('virt/kvm/kvm_main.c', 'kvm_dev_ioctl', '6.12.117'),
    kernelSource('virt/kvm/kvm_main.c', 'kvm_vcpu_ioctl', '6.12.117'),
    askedDispatch,
  ],
  evidence: 'recorded',
  refuses: ({ ioctl, argument }) => ioctl?.use === 'zero' && argument !== 0n,
  witness: { refused: { ...asked, argument: 1n }, accepted: asked },
})
