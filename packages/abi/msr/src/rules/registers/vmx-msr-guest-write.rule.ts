import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isGuestWrite } from '../../kvm-call.ts'
import { guestReads, guestWrites, having } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const isVmx = (index: number): boolean => index >= 0x480 && index <= 0x491

export const vmxMsrGuestWrite = registerRule({
  id: 'vmx-msr-guest-write',
  catalogue: 'vmx-msr-order',
  says: 'a guest cannot write the capabilities of VMX',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isGuestWrite(call) && isVmx(call.index),
  witness: {
    refused: guestWrites(0x480, 0n, { vcpu: having('VMX') }),
    accepted: guestReads(0x480, 0n, { vcpu: having('VMX') }),
  },
})
