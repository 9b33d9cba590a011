import type { Pipeline } from '@vmm/rule'
import type { EnclsCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'
import { enclsBeforeSgx } from './encls-before-sgx.rule.ts'
import { enclsLeafNotShown } from './encls-leaf-not-shown.rule.ts'
import { enclsNotEnabled } from './encls-not-enabled.rule.ts'
import { enclsUnknownLeaf } from './encls-unknown-leaf.rule.ts'
import { enclsWithoutPaging } from './encls-without-paging.rule.ts'
import { enclsWithoutSgx } from './encls-without-sgx.rule.ts'

/** What KVM checks of any leaf of ENCLS that it intercepts, in its order. */
export const enclsPipeline: Pipeline<EnclsCase, SgxError> = {
  call: 'ENCLS',
  steps: [
    { kind: 'check', rule: enclsBeforeSgx },
    { kind: 'check', rule: enclsLeafNotShown },
    { kind: 'check', rule: enclsWithoutSgx },
    { kind: 'check', rule: enclsUnknownLeaf },
    { kind: 'check', rule: enclsNotEnabled },
    { kind: 'check', rule: enclsWithoutPaging },
  ],
}
