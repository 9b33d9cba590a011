import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { countOf, type RegListCall, roomForOne } from './reg-list.ts'

export const regListUnwritable = rule<RegListCall>({
  id: 'reg-list-unwritable',
  catalogue: 'msr-one-reg',
  says: 'the room of a list must be writable, as far as there are registers',
  lifetime: since('6.18'),
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/msrs.c', 'kvm_get_reg_list', '7.0')],
  evidence: 'source',
  refuses: (call) => countOf(call) > 0n && call.faults.has('write list'),
  witness: {
    refused: { ...roomForOne, faults: new Set(['write list']) },
    accepted: { ...roomForOne, shadowStacks: false, faults: new Set(['write list']) },
  },
})
