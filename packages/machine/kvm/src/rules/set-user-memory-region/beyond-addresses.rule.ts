import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionRule, slotOf, withRegion } from './case.ts'

/** Only where a slot is made or moved. */
export const beyondAddresses: MemoryRegionRule = rule({
  id: 'memslot-beyond-addresses',
  catalogue: 'memslot-set',
  says: 'a slot ends where the physical addresses end that a guest can have',
  lifetime: since('5.18', { '5.15': 'unread', '5.17': 'unread' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_prepare_memory_region', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_prepare_memory_region', '6.1.192'),
    commit('86931ff7207b', 'KVM: x86/mmu: Do not create SPTEs for GFNs that exceed host.MAXPHYADDR'),
    askedMemory,
  ],
  evidence: 'recorded',
  refuses: (made) => {
    const { guest_phys_addr, memory_size } = made.region
    const last = (guest_phys_addr + memory_size - 1n) >> 12n
    return memory_size !== 0n && slotOf(made)?.guest_phys_addr !== guest_phys_addr && last > made.lastPage
  },
  witness: {
    refused: withRegion({ guest_phys_addr: 1n << 52n }),
    accepted: withRegion({ guest_phys_addr: (1n << 52n) - 0x1000n }),
  },
})
