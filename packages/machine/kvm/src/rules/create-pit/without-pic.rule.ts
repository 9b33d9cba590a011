import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type CreatePitRule, withoutPit } from './case.ts'

/** Before, there was a timer whose ticks nobody saw. */
export const pitWithoutPic: CreatePitRule = rule({
  id: 'pit-without-pic',
  catalogue: 'pit',
  says: 'the timer in the kernel needs the PICs there',
  lifetime: since({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'ENOENT',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ irqchip }) => irqchip !== 'full',
  witness: { refused: { ...withoutPit, irqchip: 'split' }, accepted: withoutPit },
})
