import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import {
  type MemoryRegionRule,
  memGuestMemfd,
  memLogDirtyPages,
  memReadonly,
  onePrivatePage,
  withPrivate,
} from './case.ts'

export const privateFlags: MemoryRegionRule = rule({
  id: 'memslot-private-flags',
  catalogue: 'mem-attributes',
  says: 'memory with a private side is neither read-only nor logged',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'check_memory_region_flags', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ region: { flags } }) => (flags & memGuestMemfd) !== 0 && (flags & (memLogDirtyPages | memReadonly)) !== 0,
  witness: { refused: withPrivate({ flags: 5 }), accepted: onePrivatePage },
})
