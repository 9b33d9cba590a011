import { rule, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { SetClockCall } from '../calls.ts'

export const clockAnyFlag = rule<SetClockCall>({
  id: 'clock-any-flag',
  catalogue: 'kvm-clock',
  says: 'there is no flag',
  lifetime: until('5.16'),
  errno: 'EINVAL',
  sources: [
    commit('c68dc1b577ea', 'KVM: x86: Report host tsc and realtime values in KVM_GET_CLOCK'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '5.15'),
  ],
  evidence: 'mail',
  refuses: ({ given: { flags } }) => flags !== 0,
  witness: { refused: { given: { flags: 2 } }, accepted: { given: { flags: 0 } } },
})
