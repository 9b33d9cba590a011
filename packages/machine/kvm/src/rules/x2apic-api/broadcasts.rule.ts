import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { broadcasts, suppressible, type X2apicApiRule } from './case.ts'

export const x2apicBroadcasts: X2apicApiRule = rule({
  id: 'x2apic-api-broadcasts',
  catalogue: 'enable-cap-vm',
  says: 'the broadcast of acknowledgements is made suppressible or not, and not both',
  lifetime: since({ absentIn: '6.12.117', presentIn: '6.18.44' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '7.0'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ flags }) => (flags & broadcasts.suppressible) !== 0n && (flags & broadcasts.never) !== 0n,
  witness: { refused: { ...suppressible, flags: 0xcn }, accepted: suppressible },
})
