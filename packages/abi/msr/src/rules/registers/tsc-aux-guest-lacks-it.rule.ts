import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas } from '../../kvm-call.ts'
import { guestReads, having } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const tscAux = 0xc000_0103

export const tscAuxGuestLacksIt = registerRule({
  id: 'tsc-aux-guest-lacks-it',
  catalogue: 'tsc-aux',
  says: 'a guest has IA32_TSC_AUX with RDTSCP or RDPID',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', '__kvm_set_msr', '6.12')],
  evidence: 'recorded',
  refuses: (call) =>
    call.index === tscAux && call.initiator === 'guest' && !guestHas(call, 'RDTSCP') && !guestHas(call, 'RDPID'),
  witness: { refused: guestReads(tscAux), accepted: guestReads(tscAux, 0n, { vcpu: having('RDPID') }) },
})
