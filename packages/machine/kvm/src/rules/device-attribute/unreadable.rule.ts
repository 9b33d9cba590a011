import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { addsFile, type DeviceAttributeRule, mayAddFile } from './case.ts'

export const attributeUnreadable: DeviceAttributeRule = rule({
  id: 'device-attribute-unreadable',
  catalogue: 'ioctls-not-detailed',
  says: 'the number of the file can be read where the attribute leads',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('virt/kvm/vfio.c', 'kvm_vfio_set_file', '6.12.117')],
  evidence: 'source',
  refuses: ({ access, file }) => access === 'set' && file === 'unreadable',
  witness: { refused: { ...addsFile, file: 'unreadable' }, accepted: mayAddFile },
})
