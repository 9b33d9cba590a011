import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { TprAccessCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'

export const tprAccessFlags = rule<TprAccessCall>({
  id: 'tpr-access-flags',
  catalogue: 'ioctls-not-detailed',
  says: 'there is no flag',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'vcpu_ioctl_tpr_access_reporting', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'vcpu_ioctl_tpr_access_reporting', '5.2'),
    askedRules,
  ],
  evidence: 'recorded',
  refuses: ({ flags }) => flags !== 0,
  witness: { refused: { flags: 1 }, accepted: { flags: 0 } },
})
