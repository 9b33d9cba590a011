import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aPrivatePage, type MemoryAttributesRule } from './case.ts'

export const attributesNotBuilt: MemoryAttributesRule = rule({
  id: 'memory-attributes-not-built',
  catalogue: 'mem-attributes',
  says: 'the kernel was built with attributes of pages',
  lifetime: since('6.8'),
  errno: 'ENOTTY',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ supported }) => supported === undefined,
  witness: { refused: { ...aPrivatePage, supported: undefined }, accepted: aPrivatePage },
})
