import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { brokenDemand } from '../../handled.ts'
import { isWriteOf } from '../../kvm-call.ts'
import { holding, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const mcgCtlAllOrNone = registerRule({
  id: 'mcg-ctl-all-or-none',
  catalogue: 'mcg-ctl',
  says: 'IA32_MCG_CTL is all zeros or all ones',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'set_msr_mce', '6.12')],
  refuses: (call) => isWriteOf(call, 0x17b) && brokenDemand(call) !== undefined,
  witness: {
    refused: hostWrites(0x17b, 1n, { vcpu: holding([0x179, 0x102n]) }),
    accepted: hostWrites(0x17b, 0n, { vcpu: holding([0x179, 0x102n]) }),
  },
})
