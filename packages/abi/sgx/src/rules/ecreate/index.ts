import type { Pipeline } from '@vmm/rule'
import type { EcreateCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'
import { ecreateAttributes } from './ecreate-attributes.rule.ts'
import { ecreateCpuidMissing } from './ecreate-cpuid-missing.rule.ts'
import { ecreateNowhere } from './ecreate-nowhere.rule.ts'
import { ecreateOperands } from './ecreate-operands.rule.ts'
import { ecreatePageinfoNowhere } from './ecreate-pageinfo-nowhere.rule.ts'
import { ecreatePageinfoUnmapped } from './ecreate-pageinfo-unmapped.rule.ts'
import { ecreatePointers } from './ecreate-pointers.rule.ts'
import { ecreateProvisioning } from './ecreate-provisioning.rule.ts'
import { ecreateSize } from './ecreate-size.rule.ts'
import { ecreateUnmapped } from './ecreate-unmapped.rule.ts'
import { ecreateXfrm } from './ecreate-xfrm.rule.ts'

/** What KVM checks of ECREATE before it lets the processor execute it, in its order. */
export const ecreatePipeline: Pipeline<EcreateCase, SgxError> = {
  call: 'ENCLS[ECREATE]',
  steps: [
    { kind: 'check', rule: ecreateOperands },
    { kind: 'check', rule: ecreatePageinfoUnmapped },
    { kind: 'check', rule: ecreatePageinfoNowhere },
    { kind: 'check', rule: ecreatePointers },
    { kind: 'check', rule: ecreateUnmapped },
    { kind: 'check', rule: ecreateNowhere },
    { kind: 'check', rule: ecreateCpuidMissing },
    { kind: 'check', rule: ecreateProvisioning },
    { kind: 'check', rule: ecreateAttributes },
    { kind: 'check', rule: ecreateXfrm },
    { kind: 'check', rule: ecreateSize },
  ],
}
