import type { Pipeline } from '@vmm/rule'
import type { EinitCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'
import { einitNowhere } from './einit-nowhere.rule.ts'
import { einitOperands } from './einit-operands.rule.ts'
import { einitUnmapped } from './einit-unmapped.rule.ts'

/** What KVM checks of EINIT before it executes it for the guest, in its order. */
export const einitPipeline: Pipeline<EinitCase, SgxError> = {
  call: 'ENCLS[EINIT]',
  steps: [
    { kind: 'check', rule: einitOperands },
    { kind: 'check', rule: einitUnmapped },
    { kind: 'check', rule: einitNowhere },
  ],
}
