import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aPrivatePage, type MemoryAttributesRule } from './case.ts'

export const attributesFlags: MemoryAttributesRule = rule({
  id: 'memory-attributes-flags',
  catalogue: 'mem-attributes',
  says: 'there is no flag',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_set_mem_attributes', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags }) => flags !== 0n,
  witness: { refused: { ...aPrivatePage, flags: 1n }, accepted: aPrivatePage },
})
