import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aPrivatePage, type MemoryAttributesRule } from './case.ts'

export const attributesRange: MemoryAttributesRule = rule({
  id: 'memory-attributes-range',
  catalogue: 'mem-attributes',
  says: 'there is at least a page, and no end of all addresses in between',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_set_mem_attributes', '6.12.117')],
  evidence: 'source',
  refuses: ({ address, size }) => size === 0n || BigInt.asUintN(64, address + size) < address,
  witness: { refused: { ...aPrivatePage, size: 0n }, accepted: aPrivatePage },
})
