import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { readConnection } from '../../hyper-v-input.ts'
import { type HyperVRule, hyperVMade, hyperVRowOf } from './case.ts'

/** The number of an event's flag. KVM has no use for it: such an event is user space's. */
const flagNumber = 0xffff_0000_0000n
const connectionBits = 0xff_ffffn

export const hyperVEventConnection: HyperVRule = rule({
  id: 'hv-hc-event-connection',
  catalogue: 'hv-hc-exit',
  says: "an event's connection has 24 bits, and what is around them is zero",
  lifetime: always,
  errno: 'HV_STATUS_INVALID_HYPERCALL_INPUT',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hvcall_signal_event', '6.12.117')],
  evidence: 'source',
  refuses: (made) => {
    if (hyperVRowOf(made)?.name !== 'HVCALL_SIGNAL_EVENT') return false
    const connection = readConnection(made.call, made.context.input) ?? 0n
    return (connection & flagNumber) === 0n && (connection & ~connectionBits) !== 0n
  },
  witness: {
    refused: hyperVMade('HVCALL_SIGNAL_EVENT', { input: 1n << 24n }),
    accepted: hyperVMade('HVCALL_SIGNAL_EVENT', { input: 0xff_ffffn }),
  },
})
