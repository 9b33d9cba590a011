import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isHandledBy } from '../../handled.ts'
import { hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const msrNoHandler = registerRule({
  id: 'msr-no-handler',
  catalogue: 'msr-host-unsupported',
  says: 'an MSR that neither KVM nor its module handles is unsupported, for the guest and for user space',
  lifetime: always,
  errno: 'unsupported',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_get_msr_common', '6.12'),
  ],
  evidence: 'recorded',
  refuses: ({ row, host }) => row === undefined || !isHandledBy(row, host.module),
  witness: { refused: hostReads(0x999), accepted: hostReads(0x10) },
})
