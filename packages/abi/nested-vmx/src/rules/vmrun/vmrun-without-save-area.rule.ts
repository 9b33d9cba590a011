import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { Vmrun, VmrunFailure } from './call.ts'
import { aVmrun } from './witness.ts'

export const vmrunWithoutSaveArea = rule<Vmrun, VmrunFailure>({
  id: 'vmrun-without-save-area',
  catalogue: 'svm-vmrun-checks',
  says: 'VMRUN takes an area for the host’s state',
  lifetime: always,
  errno: '#GP(0)',
  sources: [kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_vmrun', '6.12.117')],
  evidence: 'source',
  refuses: ({ hasSaveArea }) => !hasSaveArea,
  witness: { refused: aVmrun({ hasSaveArea: false }), accepted: aVmrun() },
})
