import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { addsFile, type DeviceAttributeRule, mayAddFile } from './case.ts'

export const attributeNotRead: DeviceAttributeRule = rule({
  id: 'device-attribute-not-read',
  catalogue: 'ioctls-not-detailed',
  says: "no attribute of VFIO's device can be read",
  lifetime: always,
  errno: 'EPERM',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_device_ioctl_attr', '6.12.117')],
  evidence: 'source',
  refuses: ({ access }) => access === 'get',
  witness: { refused: { ...addsFile, access: 'get' }, accepted: mayAddFile },
})
