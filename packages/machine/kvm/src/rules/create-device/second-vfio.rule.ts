import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedDispatch } from '../where-recorded.ts'
import { type CreateDeviceRule, firstVfio } from './case.ts'

export const secondVfio: CreateDeviceRule = rule({
  id: 'create-device-second-vfio',
  catalogue: 'ioctls-not-detailed',
  says: "a VM has one device of VFIO's",
  lifetime: always,
  errno: 'EBUSY',
  sources: [kernelSource('virt/kvm/vfio.c', 'kvm_vfio_create', '6.12.117'), askedDispatch],
  evidence: 'recorded',
  refuses: ({ test, vfio }) => !test && vfio === 'present',
  witness: { refused: { ...firstVfio, vfio: 'present' }, accepted: { ...firstVfio, vfio: 'present', test: true } },
})
