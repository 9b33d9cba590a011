import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { countOf, type RegListCall, roomForOne } from './reg-list.ts'

export const regListTooShort = rule<RegListCall>({
  id: 'reg-list-too-short',
  catalogue: 'msr-one-reg',
  says: 'a list that has too little room gets the count alone',
  lifetime: since('6.18'),
  errno: 'E2BIG',
  sources: [kernelSource('arch/x86/kvm/msrs.c', 'kvm_get_reg_list', '7.0')],
  evidence: 'source',
  refuses: (call) => call.room < countOf(call),
  witness: { refused: { ...roomForOne, room: 0n }, accepted: { ...roomForOne, room: 0n, shadowStacks: false } },
})
