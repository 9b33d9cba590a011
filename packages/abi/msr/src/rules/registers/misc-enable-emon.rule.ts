import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isGuestWrite, type MsrCall, valueIn } from '../../kvm-call.ts'
import { guestWrites } from '../witness.ts'

const emon = 1n << 7n
const written = guestWrites(0x1a0, 0x1881n)

export const miscEnableEmon = behaviour<MsrCall, MsrCall>({
  id: 'misc-enable-emon',
  catalogue: 'misc-enable',
  says: 'IA32_MISC_ENABLE.EMON is user space’s: what a guest writes there is forgotten',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) =>
        isGuestWrite(call) && call.index === 0x1a0
          ? { ...call, data: (call.data & ~emon) | (valueIn(call) & emon) }
          : call,
      witness: { in: written, out: { ...written, data: 0x1801n } },
    },
  ],
})
