import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const traceNotInGuests = registerRule({
  id: 'trace-not-in-guests',
  catalogue: 'kvm-pmu',
  says: 'the registers of Processor Trace are there while it traces guests, for user space too',
  lifetime: always,
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_get_msr', '6.12'),
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12'),
  ],
  evidence: 'recorded',
  refuses: ({ index, host }) => index >= 0x560 && index <= 0x587 && !host.tracesGuests,
  witness: { refused: hostReads(0x570, 0n, { host: { tracesGuests: false } }), accepted: hostReads(0x570) },
})
