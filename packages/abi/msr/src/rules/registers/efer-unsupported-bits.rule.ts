import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { amdHost, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const eferUnsupportedBits = registerRule({
  id: 'efer-unsupported-bits',
  catalogue: 'efer',
  says: 'IA32_EFER has the bits that KVM supports on this host, for the guest and for user space',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'set_efer', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0xc000_0080) && (call.data & ~call.host.efer) !== 0n,
  witness: {
    refused: hostWrites(0xc000_0080, 1n << 12n),
    accepted: hostWrites(0xc000_0080, 1n << 12n, { host: amdHost }),
  },
})
