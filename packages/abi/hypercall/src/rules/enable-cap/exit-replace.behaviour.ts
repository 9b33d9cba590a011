import { type Behaviour, behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type ExitHypercallCase, exitHypercallMask } from './case.ts'

const asked = { asked: 0n, exits: exitHypercallMask }

/** At any time, with vCPUs running: a plain store. */
export const exitReplace: Behaviour<ExitHypercallCase, ExitHypercallCase> = behaviour({
  id: 'cap-exit-hypercall-replace',
  catalogue: 'cap-exit-hypercall',
  says: 'what is asked for replaces what was asked for before, and nothing is asked for with 0',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.1.192')],
  evidence: 'source',
  versions: [
    {
      lifetime: since('5.14'),
      does: ({ asked }) => ({ asked, exits: asked }),
      witness: { in: asked, out: { asked: 0n, exits: 0n } },
    },
  ],
})
