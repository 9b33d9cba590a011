import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type MsrCall, valueIn } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'

const lma = 1n << 10n
const written = hostWrites(0xc000_0080, 0x500n)

export const eferLmaKept = behaviour<MsrCall, MsrCall>({
  id: 'efer-lma-kept',
  catalogue: 'efer',
  says: 'IA32_EFER.LMA stays as it is, also when user space writes: KVM_SET_SREGS sets it',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'set_efer', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (call) =>
        call.index === 0xc000_0080 ? { ...call, data: (call.data & ~lma) | (valueIn(call) & lma) } : call,
      witness: { in: written, out: { ...written, data: 0x100n } },
    },
  ],
})
