import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { recordedDispatch } from '../memory-encryption/where-recorded.ts'

/** KVM_XEN_VCPU_GET_ATTR and KVM_XEN_VCPU_SET_ATTR. */
export interface XenVcpuAttrCase {
  /** CONFIG_KVM_XEN. */
  readonly built: boolean
}

/** What a vCPU does not know is invalid, where a VM says that it is no such file. */
export const xenVcpuNotBuilt = rule<XenVcpuAttrCase>({
  id: 'xen-vcpu-not-built',
  catalogue: 'ioctls-not-detailed',
  says: 'a kernel without CONFIG_KVM_XEN knows none of its calls on vCPUs',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'), recordedDispatch],
  evidence: 'recorded',
  refuses: ({ built }) => !built,
  witness: { refused: { built: false }, accepted: { built: true } },
})
