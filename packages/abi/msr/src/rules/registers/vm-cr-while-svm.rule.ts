import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bitOf, isWriteOf } from '../../kvm-call.ts'
import { amdHost, guestWrites, holding } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const vmCrWhileSvm = registerRule({
  id: 'vm-cr-while-svm',
  catalogue: 'amd-misc',
  says: 'VM_CR cannot switch SVM off while IA32_EFER.SVME is set; by then it has changed',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_vm_cr', '6.12')],
  refuses: (call) =>
    isWriteOf(call, 0xc001_0114) && bitOf(call.data, 4) && bitOf(call.vcpu.values.get(0xc000_0080) ?? 0n, 12),
  witness: {
    refused: guestWrites(0xc001_0114, 0x10n, { vcpu: holding([0xc000_0080, 0x1000n]), host: amdHost }),
    accepted: guestWrites(0xc001_0114, 0x10n, { host: amdHost }),
  },
})
