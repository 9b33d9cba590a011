import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'

/** An access where the guest has no memory, or none that it can write. */
export interface Unreachable {
  readonly page: 'shared' | 'private'
  readonly slot: 'none' | 'read-only' | 'writable'
  readonly access: 'read' | 'write' | 'fetch'
}

/** Whose it is: a device's, or user space's, which may be told by KVM_EXIT_MEMORY_FAULT. */
export type Fault = 'device' | 'fails' | 'fails and is told'

export const memoryFault: Behaviour<Unreachable, Fault> = behaviour<Unreachable, Fault>({
  id: 'run-memory-fault',
  catalogue: 'sw-protected-vm',
  says: 'where a slot has no user memory, or none that can be written, KVM_RUN fails with EFAULT; for a private page without memory it says so, and a read-only slot is a device to stores',
  sources: [
    kernelSource('arch/x86/kvm/mmu/mmu.c', 'kvm_handle_error_pfn', '6.12.117'),
    kernelSource('arch/x86/kvm/mmu/mmu.c', 'kvm_mmu_prepare_memory_fault_exit', '6.12.117'),
    askedMemory,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ page, slot, access }) => {
        if (page === 'private') return 'fails and is told'
        return slot === 'none' || (slot === 'read-only' && access === 'write') ? 'device' : 'fails'
      },
      witness: { in: { page: 'shared', slot: 'writable', access: 'write' }, out: 'fails' },
    },
  ],
})
