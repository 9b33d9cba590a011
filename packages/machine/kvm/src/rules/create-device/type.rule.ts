import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedDispatch } from '../where-recorded.ts'
import { type CreateDeviceRule, firstVfio, vfioType } from './case.ts'

export const deviceType: CreateDeviceRule = rule({
  id: 'create-device-type',
  catalogue: 'ioctls-not-detailed',
  says: "of devices in the kernel x86 has VFIO's alone",
  lifetime: always,
  errno: 'ENODEV',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_ioctl_create_device', '6.12.117'), askedDispatch],
  evidence: 'recorded',
  refuses: ({ type }) => type !== vfioType,
  witness: { refused: { ...firstVfio, type: 5 }, accepted: firstVfio },
})
