import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas, isHostWrite, valueIn } from '../../kvm-call.ts'
import { amdHost, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const tscRatioWithoutScaling = registerRule({
  id: 'tsc-ratio-without-scaling',
  catalogue: 'amd-misc',
  says: 'user space writes TSC_RATIO without scaling only as it is, or as 0, which is dropped',
  lifetime: since({ absentIn: '5.16', presentIn: '5.17' }, { '5.16': '5.16.12' }),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_msr', '6.12')],
  evidence: 'recorded',
  refuses: (call) =>
    isHostWrite(call) &&
    call.index === 0xc000_0104 &&
    !guestHas(call, 'TSC_RATE_MSR') &&
    call.data !== 0n &&
    call.data !== valueIn(call),
  witness: {
    refused: hostWrites(0xc000_0104, 2n << 32n, { host: amdHost }),
    accepted: hostWrites(0xc000_0104, 1n << 32n, { host: amdHost }),
  },
})
