import type { Pipeline } from '@vmm/rule'
import type { Vmrun, VmrunFailure } from './call.ts'
import { vmrunAddress } from './vmrun-address.rule.ts'
import { vmrunInSmm } from './vmrun-in-smm.rule.ts'
import { vmrunInvalid } from './vmrun-invalid.rule.ts'
import { vmrunPrivilege } from './vmrun-privilege.rule.ts'
import { vmrunUnmapped } from './vmrun-unmapped.rule.ts'
import { vmrunWithoutSaveArea } from './vmrun-without-save-area.rule.ts'
import { vmrunWithoutSvme } from './vmrun-without-svme.rule.ts'

/** VMRUN in L1: what it gets instead of L2. */
export const vmrunPipeline: Pipeline<Vmrun, VmrunFailure> = {
  call: 'VMRUN',
  steps: [
    { kind: 'check', rule: vmrunWithoutSvme },
    { kind: 'check', rule: vmrunPrivilege },
    { kind: 'check', rule: vmrunAddress },
    { kind: 'check', rule: vmrunWithoutSaveArea },
    { kind: 'check', rule: vmrunInSmm },
    { kind: 'check', rule: vmrunUnmapped },
    { kind: 'check', rule: vmrunInvalid },
  ],
}
