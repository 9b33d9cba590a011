import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { amdHost, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const debugctlAmdReserved = registerRule({
  id: 'debugctl-amd-reserved',
  catalogue: 'silently-ignored',
  says: 'on AMD, DEBUGCTL has six bits, where branch records are virtualized',
  lifetime: since({ absentIn: '5.4', presentIn: '6.1' }),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_msr', '6.12')],
  refuses: (call) =>
    isWriteOf(call, 0x1d9) &&
    call.host.module === 'kvm_amd' &&
    call.host.branchVirtualization &&
    call.data >> 6n !== 0n,
  witness: {
    refused: hostWrites(0x1d9, 0x40n, { host: amdHost }),
    accepted: hostWrites(0x1d9, 1n, { host: amdHost }),
  },
})
