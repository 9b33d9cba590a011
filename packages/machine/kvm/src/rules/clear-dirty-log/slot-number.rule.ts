import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { allPages, type ClearDirtyLogRule } from './case.ts'

export const clearLogSlot: ClearDirtyLogRule = rule({
  id: 'clear-log-slot-number',
  catalogue: 'dirty-log-get',
  says: 'the slot is one that user space can have, in an address space that there is',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_clear_dirty_log_protect', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ slot, addressSpaces, userSlots }) => slot >>> 16 >= addressSpaces || (slot & 0xffff) >= userSlots,
  witness: { refused: { ...allPages, slot: 2 << 16 }, accepted: { ...allPages, slot: 1 << 16 } },
})
