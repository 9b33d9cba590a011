import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetClockCall } from '../calls.ts'

export const clockAnyFlag = rule<SetClockCall>({
  id: 'clock-any-flag',
  catalogue: 'kvm-clock',
  says: 'there is no flag',
  lifetime: until('5.16'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '5.15')],
  evidence: 'memory',
  refuses: ({ given: { flags } }) => flags !== 0,
  witness: { refused: { given: { flags: 2 } }, accepted: { given: { flags: 0 } } },
})
