import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type IndexListCall, roomForTwo } from './call.ts'

export const indexListWritten = behaviour<IndexListCall, IndexListCall>({
  id: 'index-list-written',
  catalogue: 'msr-index-list',
  says: 'where there is room, every index is written, and room that is left over stays as it was',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_dev_ioctl', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, written: call.list }),
      witness: { in: { ...roomForTwo, room: 5 }, out: { ...roomForTwo, room: 5, written: [0x174, 0x175] } },
    },
  ],
})
