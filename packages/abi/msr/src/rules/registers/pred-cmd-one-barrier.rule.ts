import { until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const hasBarrier = (features: ReadonlySet<string>): boolean => features.has('SPEC_CTRL') || features.has('AMD_IBPB')

export const predCmdOneBarrier = registerRule({
  id: 'pred-cmd-one-barrier',
  catalogue: 'spec-ctrl',
  says: 'IA32_PRED_CMD takes bit 0 alone, and only where the host has the barrier',
  lifetime: until({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.1'),
    kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_msr', '6.1'),
  ],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0x49) && ((call.data & ~1n) !== 0n || !hasBarrier(call.host.features)),
  witness: { refused: hostWrites(0x49, 0x80n), accepted: hostWrites(0x49, 1n) },
})
