import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type DeviceAttributeRule, isKnown, mayAddFile } from './case.ts'

export const attributeUnknown: DeviceAttributeRule = rule({
  id: 'device-attribute-unknown',
  catalogue: 'ioctls-not-detailed',
  says: "files are tied to VFIO's device and untied, and that is all",
  lifetime: always,
  errno: 'ENXIO',
  sources: [kernelSource('virt/kvm/vfio.c', 'kvm_vfio_has_attr', '6.12.117')],
  evidence: 'source',
  refuses: (call) => !isKnown(call),
  witness: { refused: { ...mayAddFile, attribute: 3n }, accepted: mayAddFile },
})
