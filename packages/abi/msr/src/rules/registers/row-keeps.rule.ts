import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestOf, type MsrCall, valueIn } from '../../kvm-call.ts'
import { guestWrites } from '../witness.ts'

/** What these keep is told by behaviours of their own. */
const own = new Set([0x174, 0x175, 0x176, 0xc000_0103, 0x8b])
const written = guestWrites(0xc001_001b, 5n)

export const rowKeeps = behaviour<MsrCall, MsrCall>({
  id: 'row-keeps',
  catalogue: 'silently-ignored',
  says: 'a command, and a register of old processors that KVM answers for, keep nothing of what is written',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => {
        const keeps = own.has(call.index) ? undefined : call.row?.keeps
        if (keeps === undefined) return call
        const { initiator, index, vcpu, data } = call
        const { paging: cr0Paging, linearAddressWidth } = vcpu
        const before = valueIn(call)
        return {
          ...call,
          data: keeps({ initiator, index, before, after: data, cr0Paging, linearAddressWidth, guest: guestOf(call) }),
        }
      },
      witness: { in: written, out: { ...written, data: 0x2000_0000n } },
    },
  ],
})
