import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isHostWrite } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const derived = new Set([0x481, 0x482, 0x483, 0x484, 0x487, 0x489])

export const vmxMsrDerived = registerRule({
  id: 'vmx-msr-derived',
  catalogue: 'vmx-msr-controls',
  says: 'the controls without TRUE, and CR0 and CR4 FIXED1, follow from others and cannot be set',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_vmx_msr', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isHostWrite(call) && derived.has(call.index),
  witness: {
    refused: hostWrites(0x481, 0n, { vcpu: having('VMX') }),
    accepted: hostWrites(0x48a, 0n, { vcpu: having('VMX') }),
  },
})
