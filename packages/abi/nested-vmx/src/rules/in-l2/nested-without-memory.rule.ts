import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

const answers = {
  VMRUN: 'internal error',
  VMPTRLD: 'VMfail 11',
  'entry with VMX': 'internal error',
  'exit with SVM': 'shutdown',
} as const

export const nestedWithoutMemory = behaviour<'VMRUN' | 'VMPTRLD' | 'entry with VMX' | 'exit with SVM', string>({
  id: 'nested-without-memory',
  catalogue: 'nested-unmappable',
  says: 'where no memory is, VMPTRLD finds a wrong revision, VMRUN faults, an entry with VMX ends KVM_RUN with an internal error, and an exit with SVM shuts the guest down',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_vmrun', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'handle_vmptrld', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until({ absentIn: '6.19', presentIn: '7.1' }),
      does: (at) => (at === 'VMRUN' ? '#GP(0)' : answers[at]),
      witness: { in: 'VMRUN', out: '#GP(0)' },
    },
    {
      lifetime: since({ absentIn: '6.19', presentIn: '7.1' }),
      says: 'VMRUN ends KVM_RUN with an internal error',
      does: (at) => answers[at],
      witness: { in: 'VMRUN', out: 'internal error' },
    },
  ],
})
