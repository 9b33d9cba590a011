import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { addsFile, type DeviceAttributeRule, fileAttribute, mayAddFile } from './case.ts'

export const attributeNotTied: DeviceAttributeRule = rule({
  id: 'device-attribute-not-tied',
  catalogue: 'ioctls-not-detailed',
  says: "what is untied from VFIO's device was tied to it",
  lifetime: always,
  errno: 'ENOENT',
  sources: [kernelSource('virt/kvm/vfio.c', 'kvm_vfio_file_del', '6.12.117')],
  evidence: 'source',
  refuses: ({ access, attribute, file }) => access === 'set' && attribute === fileAttribute.remove && file === 'other',
  witness: { refused: { ...addsFile, attribute: 2n }, accepted: mayAddFile },
})
