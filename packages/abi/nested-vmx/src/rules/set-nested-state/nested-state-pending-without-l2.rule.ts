import { nestedFlags } from '@vmm/kvm-uapi'
import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

const { GUEST_MODE, RUN_PENDING } = nestedFlags.value

export const nestedStatePendingWithoutL2 = rule<SetNestedState>({
  id: 'nested-state-pending-without-l2',
  catalogue: 'nested-set-common',
  says: 'an entry is pending only into L2',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'), askedVmx],
  evidence: 'recorded',
  refuses: ({ given: { flags } }) => (flags & (RUN_PENDING | GUEST_MODE)) === RUN_PENDING,
  witness: { refused: aSetNothing({ given: { flags: RUN_PENDING } }), accepted: aSetNothing() },
})
