import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aZone, type CoalescedRule } from './case.ts'

export const coalescedKind: CoalescedRule = rule({
  id: 'coalesced-kind',
  catalogue: 'coalesced',
  says: 'a zone is one of addresses or of ports',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/coalesced_mmio.c', 'kvm_vm_ioctl_register_coalesced_mmio', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ pio }) => pio !== 0 && pio !== 1,
  witness: { refused: { ...aZone, pio: 2 }, accepted: { ...aZone, pio: 1 } },
})
