import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type IndexListCall, roomForTwo } from './call.ts'

export const indexListFault = rule<IndexListCall>({
  id: 'index-list-fault',
  catalogue: 'msr-index-list',
  says: 'the room for the indexes must be writable, as far as there are indexes',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_dev_ioctl', '6.12')],
  evidence: 'source',
  refuses: ({ list, faults }) => list.length > 0 && faults.has('write indexes'),
  witness: {
    refused: { ...roomForTwo, faults: new Set(['write indexes']) },
    accepted: { ...roomForTwo, list: [], faults: new Set(['write indexes']) },
  },
})
