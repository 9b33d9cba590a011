import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bitOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const mcgCtlWithoutIt = registerRule({
  id: 'mcg-ctl-without-it',
  catalogue: 'mcg-ctl',
  says: 'without IA32_MCG_CAP.CTL_P, only user space reads IA32_MCG_CTL, and it writes only 0',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'set_msr_mce', '6.12')],
  evidence: 'recorded',
  refuses: (call) =>
    call.index === 0x17b &&
    !bitOf(call.vcpu.values.get(0x179) ?? 0n, 8) &&
    (call.initiator === 'guest' || call.data !== 0n),
  witness: { refused: hostWrites(0x17b, (1n << 64n) - 1n), accepted: hostWrites(0x17b, 0n) },
})
