import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { hasOwnAnswer } from '../../handled.ts'
import { guestWrites, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const msrReadOnly = registerRule({
  id: 'msr-read-only',
  catalogue: 'silently-ignored',
  says: "a guest writes neither what user space alone may set, nor reads what is user space's alone",
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'recorded',
  refuses: ({ access, initiator, row }) =>
    initiator === 'guest' &&
    (row?.access === 'host' || (access === 'write' && row?.access === 'read-only' && !hasOwnAnswer(row.index))),
  witness: { refused: guestWrites(0x34, 0n), accepted: hostWrites(0x34, 0n) },
})
