import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aLog, type GetDirtyLogRule } from './case.ts'

export const getLogSlot: GetDirtyLogRule = rule({
  id: 'dirty-log-slot-number',
  catalogue: 'dirty-log-get',
  says: 'the slot is one that user space can have, in an address space that there is',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_get_dirty_log_protect', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ slot, addressSpaces, userSlots }) => slot >>> 16 >= addressSpaces || (slot & 0xffff) >= userSlots,
  witness: { refused: { ...aLog, slot: 2 << 16 }, accepted: { ...aLog, slot: 1 << 16 } },
})
