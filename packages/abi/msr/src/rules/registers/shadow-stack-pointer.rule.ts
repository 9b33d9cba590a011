import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isCanonical } from '../../canonical.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const isPointer = (index: number): boolean => index >= 0x6a4 && index <= 0x6a8
const table = 0x6a8

export const shadowStackPointer = registerRule({
  id: 'shadow-stack-pointer',
  catalogue: 'canonical-msrs',
  says: 'a shadow-stack pointer is canonical for the widest the hardware has, and aligned to 4 bytes; the table is only canonical',
  lifetime: since('6.18'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/msrs.c', '__kvm_set_msr', '7.0')],
  refuses: ({ access, index, data, host }) =>
    access === 'write' &&
    isPointer(index) &&
    (!isCanonical(data, host.linearAddressWidth) || (index !== table && (data & 3n) !== 0n)),
  witness: {
    refused: hostWrites(0x6a4, 2n, { vcpu: having('CET_SS') }),
    accepted: hostWrites(table, 2n, { vcpu: having('CET_SS', 'LM') }),
  },
})
