import { rule, since } from '@vmm/rule'
import { kernelSource, mail } from '@vmm/source'
import { type MemoryRegionRule, memGuestMemfd, onePrivatePage, slotOf, withPrivate } from './case.ts'

/** That it is there with the flag, another rule refuses already. */
export const memfdKept: MemoryRegionRule = rule({
  id: 'memslot-memfd-kept',
  catalogue: 'mem-attributes',
  says: 'a slot with private memory does not lose it while it is there',
  lifetime: since('6.19', { '6.12': '6.12.64', '6.18': '6.18.3' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'),
    mail('20251229160724.139406961@linuxfoundation.org', '[PATCH 6.18 000/430] 6.18.3-rc1 review'),
  ],
  evidence: 'source',
  refuses: (made) => {
    const old = slotOf(made)
    return made.region.memory_size !== 0n && ((old?.flags ?? 0) & memGuestMemfd) !== 0
  },
  witness: { refused: withPrivate({ flags: 0 }, [onePrivatePage.region]), accepted: withPrivate({ flags: 0 }) },
})
