import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type IndexListCall, roomForTwo } from './call.ts'

/** The one of KVM's list calls that says how much room is needed while it refuses; those for CPUID do not. */
export const indexListCounted = behaviour<IndexListCall, IndexListCall>({
  id: 'index-list-counted',
  catalogue: 'msr-index-list',
  says: 'the number of MSRs is written to the header before the room is looked at',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_dev_ioctl', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, counted: call.list.length }),
      witness: { in: { ...roomForTwo, room: 0 }, out: { ...roomForTwo, room: 0, counted: 2 } },
    },
  ],
})
