import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { freshEventfd, type IrqfdRule } from './case.ts'

/** Before, an eventfd could be tied to a GSI that never leads anywhere. */
export const irqfdGsi: IrqfdRule = rule({
  id: 'irqfd-gsi',
  catalogue: 'irqfd',
  says: 'GSIs are below 4096',
  lifetime: since({ absentIn: '6.18.44', presentIn: '7.1' }),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/eventfd.c', 'kvm_irqfd', '7.1')],
  evidence: 'mail',
  refuses: ({ gsi }) => gsi >= 4096,
  witness: { refused: { ...freshEventfd, gsi: 4096 }, accepted: { ...freshEventfd, gsi: 4095 } },
})
