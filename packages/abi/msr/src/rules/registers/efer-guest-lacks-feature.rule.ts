import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas, isGuestWrite } from '../../kvm-call.ts'
import { guestWrites, having } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const needed = [
  [1n << 21n, 'AUTOMATIC_IBRS'],
  [1n << 14n, 'FFXSR'],
  [1n << 12n, 'SVM'],
  [0x500n, 'LM'],
  [1n << 11n, 'NX'],
] as const

export const eferGuestLacksFeature = registerRule({
  id: 'efer-guest-lacks-feature',
  catalogue: 'efer',
  says: 'a guest sets in IA32_EFER what its CPUID has; user space is not asked',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', '__kvm_valid_efer', '6.12')],
  refuses: (call) =>
    isGuestWrite(call) &&
    call.index === 0xc000_0080 &&
    needed.some(([mask, feature]) => (call.data & mask) !== 0n && !guestHas(call, feature)),
  witness: {
    refused: guestWrites(0xc000_0080, 0x800n),
    accepted: guestWrites(0xc000_0080, 0x800n, { vcpu: having('NX') }),
  },
})
