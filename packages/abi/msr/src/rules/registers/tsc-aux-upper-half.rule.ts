import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const tscAux = 0xc000_0103

export const tscAuxUpperHalf = registerRule({
  id: 'tsc-aux-upper-half',
  catalogue: 'tsc-aux',
  says: 'IA32_TSC_AUX has 32 bits, where the guest is compatible with Intel; elsewhere the rest is dropped',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', '__kvm_set_msr', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, tscAux) && call.vcpu.vendor === 'intel' && call.data >> 32n !== 0n,
  witness: {
    refused: hostWrites(tscAux, 1n << 32n),
    accepted: hostWrites(tscAux, 1n << 32n, { vcpu: { vendor: 'amd' } }),
  },
})
