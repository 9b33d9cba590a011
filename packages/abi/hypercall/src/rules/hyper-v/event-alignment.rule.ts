import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { readConnection } from '../../hyper-v-input.ts'
import { type HyperVRule, hyperVMade, hyperVRowOf } from './case.ts'

const read = { xmm: [], read: () => 0n }

export const hyperVEventAlignment: HyperVRule = rule({
  id: 'hv-hc-event-alignment',
  catalogue: 'hv-hc-exit',
  says: "an event's connection in memory must be there, and aligned",
  lifetime: always,
  errno: 'HV_STATUS_INVALID_ALIGNMENT',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hvcall_signal_event', '6.12.117')],
  evidence: 'source',
  refuses: (made) => {
    const isEvent = hyperVRowOf(made)?.name === 'HVCALL_SIGNAL_EVENT'
    return isEvent && readConnection(made.call, made.context.input) === undefined
  },
  witness: {
    refused: hyperVMade('HVCALL_SIGNAL_EVENT', { fast: 0n, input: 0x1004n }, { input: read }),
    accepted: hyperVMade('HVCALL_SIGNAL_EVENT', { fast: 0n, input: 0x1008n }, { input: read }),
  },
})
