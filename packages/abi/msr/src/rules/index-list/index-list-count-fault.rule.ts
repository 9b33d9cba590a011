import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type IndexListCall, roomForTwo } from './call.ts'

/** Before the room is looked at: a count that cannot be written is EFAULT, not E2BIG. */
export const indexListCountFault = rule<IndexListCall>({
  id: 'index-list-count-fault',
  catalogue: 'msr-index-list',
  says: 'the count of struct kvm_msr_list must be writable, even where there is too little room',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_dev_ioctl', '6.12')],
  evidence: 'source',
  refuses: ({ faults }) => faults.has('write header'),
  witness: { refused: { ...roomForTwo, room: 0, faults: new Set(['write header']) }, accepted: roomForTwo },
})
