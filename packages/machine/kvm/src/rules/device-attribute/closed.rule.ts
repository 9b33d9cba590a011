import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { addsFile, type DeviceAttributeRule, mayAddFile } from './case.ts'

export const attributeClosed: DeviceAttributeRule = rule({
  id: 'device-attribute-closed',
  catalogue: 'ioctls-not-detailed',
  says: "what is tied to VFIO's device or untied is an open file",
  lifetime: always,
  errno: 'EBADF',
  sources: [kernelSource('virt/kvm/vfio.c', 'kvm_vfio_file_add', '6.12.117')],
  evidence: 'source',
  refuses: ({ access, file }) => access === 'set' && file === 'closed',
  witness: { refused: { ...addsFile, file: 'closed' }, accepted: mayAddFile },
})
