import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { longIds, type X2apicApiRule } from './case.ts'

export const x2apicFlags: X2apicApiRule = rule({
  id: 'x2apic-api-flags',
  catalogue: 'enable-cap-vm',
  says: 'of x2APIC only what the release knows can be chosen',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ flags, known }) => (flags & ~known) !== 0n,
  witness: { refused: { ...longIds, flags: 0x10n }, accepted: longIds },
})
