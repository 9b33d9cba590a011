import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas, isGuestWrite } from '../../kvm-call.ts'
import { guestWrites, having } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const barriers = ['SPEC_CTRL', 'AMD_IBPB', 'SBPB'] as const

export const predCmdGuestLacksIt = registerRule({
  id: 'pred-cmd-guest-lacks-it',
  catalogue: 'spec-ctrl',
  says: 'a guest has IA32_PRED_CMD if its CPUID has a barrier',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isGuestWrite(call) && call.index === 0x49 && !barriers.some((feature) => guestHas(call, feature)),
  witness: { refused: guestWrites(0x49, 0n), accepted: guestWrites(0x49, 0n, { vcpu: having('AMD_IBPB') }) },
})
