import { ioctlNumbered } from '@vmm/kvm-uapi'
import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedDispatch } from '../where-recorded.ts'
import { type DispatchRule, versionAsked } from './case.ts'

export const unknownRequest: DispatchRule = rule({
  id: 'fd-unknown-request',
  catalogue: 'fd-type-check',
  says: '/dev/kvm and vCPUs refuse a request that is none of their own',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_dev_ioctl', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'),
    askedDispatch,
  ],
  evidence: 'recorded',
  refuses: ({ fd, ioctl }) => (fd === 'system' || fd === 'vcpu') && ioctl === undefined,
  witness: {
    refused: { ...versionAsked, request: 0xae55 },
    accepted: { ...versionAsked, ioctl: ioctlNumbered(0xae00) },
  },
})
