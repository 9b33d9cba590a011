import type { Pipeline } from '@vmm/rule'
import type { GetNestedState } from './call.ts'
import { getNestedCounted } from './get-nested-counted.rule.ts'
import { getNestedSizeFault } from './get-nested-size-fault.rule.ts'
import { getNestedSizeTold } from './get-nested-size-told.rule.ts'
import { getNestedSizeWriteFault } from './get-nested-size-write-fault.rule.ts'
import { getNestedTooBig } from './get-nested-too-big.rule.ts'
import { getNestedUnsupported } from './get-nested-unsupported.rule.ts'
import { getNestedWriteFault } from './get-nested-write-fault.rule.ts'
import { getNestedWritten } from './get-nested-written.rule.ts'

/** KVM_GET_NESTED_STATE. */
export const getNestedStatePipeline: Pipeline<GetNestedState> = {
  call: 'KVM_GET_NESTED_STATE',
  steps: [
    { kind: 'check', rule: getNestedUnsupported },
    { kind: 'check', rule: getNestedSizeFault },
    { kind: 'act', behaviour: getNestedCounted },
    { kind: 'act', behaviour: getNestedWritten },
    { kind: 'check', rule: getNestedWriteFault },
    { kind: 'check', rule: getNestedSizeWriteFault },
    { kind: 'act', behaviour: getNestedSizeTold },
    { kind: 'check', rule: getNestedTooBig },
  ],
}
