import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isCanonical } from '../../canonical.ts'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const bndcfgsDirectory = registerRule({
  id: 'bndcfgs-directory',
  catalogue: 'bndcfgs',
  says: 'IA32_BNDCFGS holds a canonical address and nothing in bits 11:2',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12')],
  refuses: (call) =>
    isWriteOf(call, 0xd90) &&
    ((call.data & 0xffcn) !== 0n || !isCanonical(call.data & ~0xfffn, call.host.linearAddressWidth)),
  witness: { refused: hostWrites(0xd90, 4n), accepted: hostWrites(0xd90, 3n) },
})
