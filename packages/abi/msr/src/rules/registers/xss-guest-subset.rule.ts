import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const xssGuestSubset = registerRule({
  id: 'xss-guest-subset',
  catalogue: 'xss',
  says: "IA32_XSS takes what KVM supports and the guest's CPUID tells of",
  lifetime: since('6.18'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/msrs.c', 'kvm_set_msr_common', '7.0')],
  refuses: (call) => isWriteOf(call, 0xda0) && (call.data & ~(call.host.xss & call.vcpu.xss)) !== 0n,
  witness: {
    refused: hostWrites(0xda0, 0x800n, { vcpu: having('XSAVES') }),
    accepted: hostWrites(0xda0, 0x800n, { vcpu: { ...having('XSAVES'), xss: 0x800n } }),
  },
})
