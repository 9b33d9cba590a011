import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { KvmclockCtrlCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'

export const kvmclockNotActive = rule<KvmclockCtrlCall>({
  id: 'kvmclock-not-active',
  catalogue: 'kvm-clock',
  says: 'the guest must have switched its clock on',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_guest_paused', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_guest_paused', '6.1.192'),
    askedRules,
  ],
  evidence: 'recorded',
  refuses: ({ clockActive }) => !clockActive,
  witness: { refused: { clockActive: false }, accepted: { clockActive: true } },
})
