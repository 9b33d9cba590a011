import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'

const written = hostWrites(0xc000_0103, (1n << 32n) | 5n, { vcpu: { vendor: 'amd' } })

export const tscAuxCutOff = behaviour<MsrCall, MsrCall>({
  id: 'tsc-aux-cut-off',
  catalogue: 'tsc-aux',
  says: 'IA32_TSC_AUX keeps 32 bits',
  sources: [kernelSource('arch/x86/kvm/x86.c', '__kvm_set_msr', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => (call.index === 0xc000_0103 ? { ...call, data: call.data & 0xffff_ffffn } : call),
      witness: { in: written, out: { ...written, data: 5n } },
    },
  ],
})
