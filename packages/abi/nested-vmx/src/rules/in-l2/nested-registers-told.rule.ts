import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

const tsc = 0x10

export const nestedRegistersTold = behaviour<
  { readonly msr: number | undefined; readonly l2Active: boolean },
  'L1' | 'L2'
>({
  id: 'nested-registers-told',
  catalogue: 'nested-regs-in-l2',
  says: 'calls on registers give and take those that are loaded, L2’s while it is active; only IA32_TSC is L1’s where user space reads it',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_get_msr_common', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ msr, l2Active }) => (l2Active && msr !== tsc ? 'L2' : 'L1'),
      witness: { in: { msr: 0x10, l2Active: true }, out: 'L1' },
    },
  ],
})
