import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { guestHas, isWriteOf } from '../../kvm-call.ts'
import { guestWrites, having } from '../witness.ts'
import { registerRule } from './register-rule.ts'

function allowed(call: MsrCall): bigint {
  const host = call.initiator === 'host'
  const ibpb = host || guestHas(call, 'SPEC_CTRL') || guestHas(call, 'AMD_IBPB')
  const sbpb = host || guestHas(call, 'SBPB')
  const { features } = call.host
  const hostIbpb = features.has('SPEC_CTRL') || features.has('AMD_IBPB')
  return (ibpb && hostIbpb ? 1n : 0n) | (sbpb && features.has('SBPB') ? 0x80n : 0n)
}

export const predCmdBarrier = registerRule({
  id: 'pred-cmd-barrier',
  catalogue: 'spec-ctrl',
  says: 'IA32_PRED_CMD takes the barriers that the host has and, from a guest, that its CPUID has',
  lifetime: since({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0x49) && (call.data & ~allowed(call)) !== 0n,
  witness: {
    refused: guestWrites(0x49, 0x80n, { vcpu: having('SPEC_CTRL') }),
    accepted: guestWrites(0x49, 1n, { vcpu: having('SPEC_CTRL') }),
  },
})
