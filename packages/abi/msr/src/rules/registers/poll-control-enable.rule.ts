import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const pollControlEnable = registerRule({
  id: 'poll-control-enable',
  catalogue: 'pvmsr-poll-control',
  says: 'MSR_KVM_POLL_CONTROL has one bit, which is set after reset: the host may poll',
  lifetime: since('5.3'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0x4b56_4d05) && call.data > 1n,
  witness: { refused: hostWrites(0x4b56_4d05, 2n), accepted: hostWrites(0x4b56_4d05, 0n) },
})
