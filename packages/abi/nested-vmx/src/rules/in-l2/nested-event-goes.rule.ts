import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEvent, type L2Event, type L2EventGoes } from './event.ts'

const reasons = {
  vmx: { interrupt: 1, nmi: 0, exception: 0 },
  svm: { interrupt: 0x60, nmi: 0x61, smi: 0x62, exception: 0x40 },
} as const

function goes({ format, event, intercepted, runPending }: L2Event): L2EventGoes {
  if (runPending) return { to: 'nobody yet' }
  const exitReason = (reasons[format] as Readonly<Record<string, number>>)[event]
  return intercepted && exitReason !== undefined ? { to: 'L1', exitReason } : { to: 'L2' }
}

/** Where an event goes that arrives while L2 is active. */
export const nestedEventGoes = behaviour<L2Event, L2EventGoes>({
  id: 'nested-event-goes',
  catalogue: 'nested-inject',
  says: 'what user space or a device raises while L2 is active leaves L2 where L1 wants it, is L2’s where L1 does not, and waits while an entry is pending',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_check_nested_events', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_check_nested_events', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (given) => goes(given),
      witness: { in: anEvent({ event: 'nmi', format: 'svm' }), out: { to: 'L1', exitReason: 0x61 } },
    },
  ],
})
