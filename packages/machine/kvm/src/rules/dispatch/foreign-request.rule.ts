import { kvmio, requestParts } from '@vmm/kvm-uapi'
import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedDispatch } from '../where-recorded.ts'
import { type DispatchRule, versionAsked } from './case.ts'

const onVcpu = { ...versionAsked, fd: 'vcpu' } as const

export const foreignRequest: DispatchRule = rule({
  id: 'fd-type-check',
  catalogue: 'fd-type-check',
  says: "a vCPU refuses requests that are not of KVM's type before it looks at them",
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vcpu_ioctl', '6.12.117'), askedDispatch],
  evidence: 'recorded',
  refuses: ({ fd, request }) => fd === 'vcpu' && requestParts(request).type !== kvmio,
  witness: { refused: { ...onVcpu, request: 0x5401 }, accepted: onVcpu },
})
