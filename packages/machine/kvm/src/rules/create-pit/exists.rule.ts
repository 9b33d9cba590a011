import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type CreatePitRule, withoutPit } from './case.ts'

export const pitExists: CreatePitRule = rule({
  id: 'pit-exists',
  catalogue: 'pit',
  says: 'a VM gets one timer in the kernel',
  lifetime: always,
  errno: 'EEXIST',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ pit }) => pit === 'present',
  witness: { refused: { ...withoutPit, pit: 'present' }, accepted: withoutPit },
})
