import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { initiallySet, type ManualDirtyLogRule, manualProtect } from './case.ts'

export const manualOptions: ManualDirtyLogRule = rule({
  id: 'cap-manual-dirty-log-options',
  catalogue: 'dirty-log-get',
  says: 'a log is cleared by hand, and may then begin with every page in it; there is no other option',
  lifetime: since('5.7'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_enable_cap_generic', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ options }) =>
    (options & ~((options & manualProtect) === 0n ? manualProtect : manualProtect | initiallySet)) !== 0n,
  witness: { refused: { options: 2n }, accepted: { options: 3n } },
})
