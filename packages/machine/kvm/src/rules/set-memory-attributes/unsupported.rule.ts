import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aPrivatePage, type MemoryAttributesRule } from './case.ts'

export const attributesUnsupported: MemoryAttributesRule = rule({
  id: 'memory-attributes-unsupported',
  catalogue: 'mem-attributes',
  says: 'attributes are those that pages of the VM can have',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_set_mem_attributes', '6.12.117')],
  evidence: 'source',
  refuses: ({ attributes, supported = 0n }) => (attributes & ~supported) !== 0n,
  witness: { refused: { ...aPrivatePage, attributes: 1n }, accepted: aPrivatePage },
})
