import type { Pipeline, Rule } from '@vmm/rule'
import { systemAttributeAddress } from './address.rule.ts'
import type { SystemAttributeCase } from './case.ts'
import { systemAttributeUnknown } from './unknown.rule.ts'

const check = (rule: Rule<SystemAttributeCase>) => ({ kind: 'check', rule }) as const

/** KVM_GET_DEVICE_ATTR on /dev/kvm. */
export const systemAttributePipeline: Pipeline<SystemAttributeCase> = {
  call: 'KVM_GET_DEVICE_ATTR (/dev/kvm)',
  steps: [check(systemAttributeUnknown), check(systemAttributeAddress)],
}
