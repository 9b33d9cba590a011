import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { addsFile, type DeviceAttributeRule, fileAttribute, mayAddFile } from './case.ts'

export const attributeNotVfio: DeviceAttributeRule = rule({
  id: 'device-attribute-not-vfio',
  catalogue: 'ioctls-not-detailed',
  says: "what is tied to VFIO's device is a file of VFIO's",
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/vfio.c', 'kvm_vfio_file_add', '6.12.117')],
  evidence: 'source',
  refuses: ({ access, attribute, file }) => access === 'set' && attribute === fileAttribute.add && file === 'other',
  witness: { refused: addsFile, accepted: mayAddFile },
})
