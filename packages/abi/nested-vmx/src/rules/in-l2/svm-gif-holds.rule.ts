import { always, behaviour } from '@vmm/rule'
import { apm, kernelSource } from '@vmm/source'
import type { L2Event } from './event.ts'

export const svmGifHolds = behaviour<{ readonly gif: boolean; readonly event: L2Event['event'] }, boolean>({
  id: 'svm-gif-holds',
  catalogue: 'svm-gif',
  says: 'while GIF is clear interrupts, NMIs, SMIs and INIT wait; exceptions do not',
  sources: [
    apm('2', '15.17', 'Global Interrupt Flag, STGI and CLGI Instructions'),
    kernelSource('arch/x86/kvm/svm/svm.c', 'svm_nmi_blocked', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ gif, event }) => !gif && event !== 'exception' && event !== 'triple fault',
      witness: { in: { gif: false, event: 'nmi' }, out: true },
    },
  ],
})
