import { behaviour, since, until } from '@vmm/rule'
import { kernelDoc, kernelSource } from '@vmm/source'
import type { OutCall } from '../calls.ts'

/** RIP stays from one release of 2019 on, and port 7EH is excepted soon behind it; the stable series of that year took both. */
const edge = { absentIn: '4.18', presentIn: '5.2' } as const
const unread = { '4.14': 'unread', '4.19': 'unread', '4.20': 'unread', '5.0': 'unread', '5.1': 'unread' } as const
const exempt = 0x7e
const ordinary: OutCall = { port: 0x80, quirk: true }

export const outAheadOfExit = behaviour<OutCall, boolean>({
  id: 'out-ahead-of-exit',
  catalogue: 'run-complete-first',
  says: 'user space that is asked for an OUT finds RIP behind it',
  sources: [
    kernelDoc('Documentation/virt/kvm/api.rst', 'KVM_X86_QUIRK_OUT_7E_INC_RIP'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_fast_pio_out', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_fast_pio_out', '6.1.192'),
  ],
  evidence: 'source',
  versions: [
    { lifetime: until(edge, unread), does: () => true, witness: { in: ordinary, out: true } },
    {
      lifetime: since(edge, unread),
      says: 'of port 7EH alone, unless user space has switched that off; elsewhere it is still there',
      does: ({ port, quirk }) => port === exempt && quirk,
      witness: { in: ordinary, out: false },
    },
  ],
})
