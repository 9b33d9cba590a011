import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import type { PitStateRule } from './case.ts'

export const reinjectWithoutPit: PitStateRule = rule({
  id: 'reinject-without-pit',
  catalogue: 'reinject',
  says: 'a timer that is not in the kernel makes up for nothing',
  lifetime: always,
  errno: 'ENXIO',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ pit }) => pit === 'absent',
  witness: { refused: { pit: 'absent' }, accepted: { pit: 'present' } },
})
