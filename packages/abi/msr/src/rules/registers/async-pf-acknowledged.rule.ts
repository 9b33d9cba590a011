import { behaviour, since } from '@vmm/rule'
import { kernelDoc, kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { guestWrites } from '../witness.ts'

const written = guestWrites(0x4b56_4d07, 3n)

export const asyncPfAcknowledged = behaviour<MsrCall, MsrCall>({
  id: 'async-pf-acknowledged',
  catalogue: 'pvmsr-async-pf-ack',
  says: 'bit 0 of MSR_KVM_ASYNC_PF_ACK lets the next page-ready event come; any value is taken, and none is kept',
  sources: [
    kernelDoc('Documentation/virt/kvm/x86/msr.rst', 'MSR_KVM_ASYNC_PF_ACK'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: since('5.8'),
      does: (call) => {
        if (call.index !== 0x4b56_4d07) return call
        const kept: MsrCall = { ...call, data: 0n, drops: true }
        return (call.data & 1n) === 0n ? kept : { ...kept, effects: ['acknowledge page ready'] }
      },
      witness: { in: written, out: { ...written, data: 0n, drops: true, effects: ['acknowledge page ready'] } },
    },
  ],
})
