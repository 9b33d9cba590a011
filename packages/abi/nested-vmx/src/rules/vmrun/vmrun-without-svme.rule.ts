import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { Vmrun, VmrunFailure } from './call.ts'
import { aVmrun } from './witness.ts'

export const vmrunWithoutSvme = rule<Vmrun, VmrunFailure>({
  id: 'vmrun-without-svme',
  catalogue: 'svm-vmrun-checks',
  says: 'VMRUN takes EFER.SVME and paging',
  lifetime: always,
  errno: '#UD',
  sources: [kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_check_permissions', '6.12.117')],
  evidence: 'source',
  refuses: ({ efer, paging }) => (efer & 0x1000n) === 0n || !paging,
  witness: { refused: aVmrun({ efer: 0x500n }), accepted: aVmrun() },
})
