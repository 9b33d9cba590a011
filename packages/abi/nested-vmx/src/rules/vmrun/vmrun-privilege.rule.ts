import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { Vmrun, VmrunFailure } from './call.ts'
import { aVmrun } from './witness.ts'

export const vmrunPrivilege = rule<Vmrun, VmrunFailure>({
  id: 'vmrun-privilege',
  catalogue: 'svm-vmrun-checks',
  says: 'VMRUN takes privilege 0',
  lifetime: always,
  errno: '#GP(0)',
  sources: [kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_check_permissions', '6.12.117')],
  evidence: 'source',
  refuses: ({ cpl }) => cpl !== 0,
  witness: { refused: aVmrun({ cpl: 3 }), accepted: aVmrun() },
})
