import type { Pipeline } from '@vmm/rule'
import type { OneRegCall } from './call.ts'
import { oneRegArgumentFault } from './one-reg-argument-fault.rule.ts'
import { oneRegFails } from './one-reg-fails.rule.ts'
import { oneRegId } from './one-reg-id.rule.ts'
import { oneRegUnreadableValue } from './one-reg-unreadable-value.rule.ts'
import { oneRegUnwritableValue } from './one-reg-unwritable-value.rule.ts'
import type { RegListCall } from './reg-list.ts'
import { regListFault } from './reg-list-fault.rule.ts'
import { regListTooShort } from './reg-list-too-short.rule.ts'
import { regListUnwritable } from './reg-list-unwritable.rule.ts'

/** KVM_GET_ONE_REG and KVM_SET_ONE_REG of a vCPU; before 6.18 x86 has neither. */
export const oneRegCall: Pipeline<OneRegCall> = {
  call: 'KVM_GET_ONE_REG',
  steps: [
    { kind: 'check', rule: oneRegArgumentFault },
    { kind: 'check', rule: oneRegId },
    { kind: 'check', rule: oneRegUnreadableValue },
    { kind: 'check', rule: oneRegFails },
    { kind: 'check', rule: oneRegUnwritableValue },
  ],
}

/** KVM_GET_REG_LIST of a vCPU. */
export const regListCall: Pipeline<RegListCall> = {
  call: 'KVM_GET_REG_LIST',
  steps: [
    { kind: 'check', rule: regListFault },
    { kind: 'check', rule: regListTooShort },
    { kind: 'check', rule: regListUnwritable },
  ],
}
