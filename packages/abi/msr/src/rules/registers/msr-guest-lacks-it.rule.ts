import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { absentAnswer, isAbsent } from '../../handled.ts'
import { guestReads, hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const msrGuestLacksIt = registerRule({
  id: 'msr-guest-lacks-it',
  catalogue: 'msr-host-unsupported',
  says: 'a guest has the MSRs of the features that its CPUID has, where KVM asks for them',
  lifetime: always,
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12'),
    kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_msr', '6.12'),
  ],
  evidence: 'recorded',
  refuses: (call) => isAbsent(call) && absentAnswer(call.row) === 'invalid',
  witness: { refused: guestReads(0xe1), accepted: hostReads(0xe1) },
})
