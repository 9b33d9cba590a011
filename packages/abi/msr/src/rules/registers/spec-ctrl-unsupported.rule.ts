import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { takenBy } from '../../speculation.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const specCtrlUnsupported = registerRule({
  id: 'spec-ctrl-unsupported',
  catalogue: 'spec-ctrl',
  says: "IA32_SPEC_CTRL takes what the host's own takes, whatever the guest's CPUID says",
  lifetime: since({ absentIn: '5.4', presentIn: '6.1' }),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_spec_ctrl_test_value', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0x48) && (call.data & ~takenBy(call.host.features)) !== 0n,
  witness: {
    refused: hostWrites(0x48, 2n, { host: { features: new Set(['SPEC_CTRL']) } }),
    accepted: hostWrites(0x48, 1n, { host: { features: new Set(['SPEC_CTRL']) } }),
  },
})
