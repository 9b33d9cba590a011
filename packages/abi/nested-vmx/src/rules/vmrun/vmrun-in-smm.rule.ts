import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { Vmrun, VmrunFailure } from './call.ts'
import { aVmrun } from './witness.ts'

export const vmrunInSmm = rule<Vmrun, VmrunFailure>({
  id: 'vmrun-in-smm',
  catalogue: 'svm-vmrun-checks',
  says: 'VMRUN is no instruction in SMM',
  lifetime: always,
  errno: '#UD',
  sources: [kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_vmrun', '6.12.117')],
  evidence: 'source',
  refuses: ({ inSmm }) => inSmm,
  witness: { refused: aVmrun({ inSmm: true }), accepted: aVmrun() },
})
