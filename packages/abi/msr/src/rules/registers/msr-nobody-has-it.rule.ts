import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { absentAnswer, isAbsent } from '../../handled.ts'
import { hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const msrNobodyHasIt = registerRule({
  id: 'msr-nobody-has-it',
  catalogue: 'msr-host-unsupported',
  says: 'counters that the vCPU does not have are unsupported, for user space too',
  lifetime: always,
  errno: 'unsupported',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
    kernelSource('arch/x86/kvm/pmu.c', 'kvm_pmu_is_valid_msr', '6.12'),
  ],
  evidence: 'recorded',
  refuses: (call) => isAbsent(call) && absentAnswer(call.row) === 'unsupported',
  witness: {
    refused: hostReads(0xc5),
    accepted: hostReads(0xc5, 0n, { vcpu: { perfmon: { version: 2, generalCounters: 8, fixedCounters: 3 } } }),
  },
})
