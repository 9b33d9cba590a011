import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { vmcbControlChecks } from '../../checks/vmcb-control-checks.rows.ts'
import { vmcbSaveChecks } from '../../checks/vmcb-save-checks.rows.ts'
import type { Vmrun, VmrunFailure } from './call.ts'
import { aVmrun } from './witness.ts'

export const vmrunInvalid = rule<Vmrun, VmrunFailure>({
  id: 'vmrun-invalid',
  catalogue: 'svm-vmrun-checks',
  says: 'the VMCB is in order, by every check that KVM makes of it: else L2 exits before it begins',
  lifetime: always,
  errno: 'exit -1',
  sources: [kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_vmrun', '6.12.117')],
  evidence: 'source',
  refuses: ({ entry }) =>
    [...Object.values(vmcbSaveChecks), ...Object.values(vmcbControlChecks)].some(({ fails }) => fails(entry)),
  witness: { refused: aVmrun({}, { GUEST_ASID: 0n }), accepted: aVmrun() },
})
