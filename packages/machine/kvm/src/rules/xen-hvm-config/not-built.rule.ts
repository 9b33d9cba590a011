import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { recordedDispatch } from '../memory-encryption/where-recorded.ts'
import { intercepts, type XenConfigRule } from './case.ts'

export const xenNotBuilt: XenConfigRule = rule({
  id: 'xen-not-built',
  catalogue: 'ioctls-not-detailed',
  says: 'a kernel without CONFIG_KVM_XEN knows none of its calls',
  lifetime: always,
  errno: 'ENOTTY',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'), recordedDispatch],
  evidence: 'recorded',
  refuses: ({ built }) => !built,
  witness: { refused: { ...intercepts, built: false }, accepted: intercepts },
})
