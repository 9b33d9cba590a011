import { until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const xssHostSubset = registerRule({
  id: 'xss-host-subset',
  catalogue: 'xss',
  says: "IA32_XSS takes what KVM supports, whatever the guest's CPUID says",
  lifetime: until('6.18'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0xda0) && (call.data & ~call.host.xss) !== 0n,
  witness: { refused: hostWrites(0xda0, 1n << 8n, { vcpu: having('XSAVES') }), accepted: hostWrites(0xda0, 0x800n) },
})
