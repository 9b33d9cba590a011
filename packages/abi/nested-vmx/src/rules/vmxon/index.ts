import type { Pipeline } from '@vmm/rule'
import type { VmxFailure, Vmxon } from './call.ts'
import { vmxonFeatureControl } from './vmxon-feature-control.rule.ts'
import { vmxonFixedBits } from './vmxon-fixed-bits.rule.ts'
import { vmxonMode } from './vmxon-mode.rule.ts'
import { vmxonPrivilege } from './vmxon-privilege.rule.ts'
import { vmxonRegion } from './vmxon-region.rule.ts'
import { vmxonRevision } from './vmxon-revision.rule.ts'
import { vmxonTwice } from './vmxon-twice.rule.ts'
import { vmxonWithoutVmxe } from './vmxon-without-vmxe.rule.ts'

/** VMXON in L1: what it gets instead of VMX operation. */
export const vmxonPipeline: Pipeline<Vmxon, VmxFailure> = {
  call: 'VMXON',
  steps: [
    { kind: 'check', rule: vmxonWithoutVmxe },
    { kind: 'check', rule: vmxonMode },
    { kind: 'check', rule: vmxonPrivilege },
    { kind: 'check', rule: vmxonTwice },
    { kind: 'check', rule: vmxonFixedBits },
    { kind: 'check', rule: vmxonFeatureControl },
    { kind: 'check', rule: vmxonRegion },
    { kind: 'check', rule: vmxonRevision },
  ],
}
