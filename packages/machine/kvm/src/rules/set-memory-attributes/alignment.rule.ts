import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aPrivatePage, type MemoryAttributesRule } from './case.ts'

export const attributesAlignment: MemoryAttributesRule = rule({
  id: 'memory-attributes-alignment',
  catalogue: 'mem-attributes',
  says: 'pages are whole',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_set_mem_attributes', '6.12.117')],
  evidence: 'source',
  refuses: ({ address, size }) => ((address | size) & 0xfffn) !== 0n,
  witness: { refused: { ...aPrivatePage, address: 0x800n }, accepted: aPrivatePage },
})
