import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { Vmrun, VmrunFailure } from './call.ts'
import { aVmrun } from './witness.ts'

export const vmrunUnmapped = rule<Vmrun, VmrunFailure>({
  id: 'vmrun-unmapped',
  catalogue: 'svm-vmrun-checks',
  says: 'the VMCB has memory',
  lifetime: until({ absentIn: '6.19', presentIn: '7.1' }),
  errno: '#GP(0)',
  sources: [kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_vmrun', '6.12.117')],
  evidence: 'source',
  refuses: ({ mapped }) => !mapped,
  witness: { refused: aVmrun({ mapped: false }), accepted: aVmrun() },
})
