import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { holding, hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const bankOf = (index: number): number | undefined =>
  index >= 0x400 && index < 0x480 ? (index - 0x400) >> 2 : index >= 0x280 && index < 0x2a0 ? index - 0x280 : undefined
const banks = ({ vcpu }: MsrCall): number => Number((vcpu.values.get(0x179) ?? 0n) & 0xffn)

export const mceBeyondBanks = registerRule({
  id: 'mce-beyond-banks',
  catalogue: 'mci-ctl',
  says: 'a vCPU has the machine-check banks that IA32_MCG_CAP counts, for user space too',
  lifetime: always,
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'set_msr_mce', '6.12'),
    kernelSource('arch/x86/kvm/x86.c', 'get_msr_mce', '6.12'),
  ],
  refuses: (call) => {
    const bank = bankOf(call.index)
    return bank !== undefined && bank >= banks(call)
  },
  witness: {
    refused: hostReads(0x408, 0n, { vcpu: holding([0x179, 2n]) }),
    accepted: hostReads(0x404, 0n, { vcpu: holding([0x179, 2n]) }),
  },
})
