import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas, isWriteOf } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const xssAbsent = registerRule({
  id: 'xss-absent',
  catalogue: 'xss',
  says: 'IA32_XSS can be written with XSAVES, by user space too',
  lifetime: since({ absentIn: '6.12', presentIn: '6.18' }),
  errno: 'unsupported',
  sources: [kernelSource('arch/x86/kvm/msrs.c', 'kvm_set_msr_common', '7.0')],
  refuses: (call) => isWriteOf(call, 0xda0) && !guestHas(call, 'XSAVES'),
  witness: { refused: hostWrites(0xda0, 1n), accepted: hostWrites(0xda0, 0n, { vcpu: having('XSAVES') }) },
})
