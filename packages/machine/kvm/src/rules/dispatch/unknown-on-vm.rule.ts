import { ioctlNumbered } from '@vmm/kvm-uapi'
import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedDispatch } from '../where-recorded.ts'
import { type DispatchRule, versionAsked } from './case.ts'

const clock = ioctlNumbered(0x8030_ae7c)
const onVm = { ...versionAsked, fd: 'vm' } as const

export const unknownOnVm: DispatchRule = rule({
  id: 'fd-unknown-on-vm',
  catalogue: 'fd-type-check',
  says: 'a VM, and a device of one, know nothing of a request that is none of their own',
  lifetime: always,
  errno: 'ENOTTY',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'),
    kernelSource('virt/kvm/kvm_main.c', 'kvm_device_ioctl', '6.12.117'),
    askedDispatch,
  ],
  evidence: 'recorded',
  refuses: ({ fd, ioctl }) => (fd === 'vm' || fd === 'device') && ioctl === undefined,
  witness: { refused: { ...onVm, request: 0xae55 }, accepted: { ...onVm, request: 0x8030_ae7c, ioctl: clock } },
})
