import type { Pipeline, Rule } from '@vmm/rule'
import { connectionBits } from './bits.rule.ts'
import type { HypervEventfdCase } from './case.ts'
import { connectionClosed } from './closed.rule.ts'
import { connectionJoined } from './joined.rule.ts'
import { connectionsNotBuilt } from './not-built.rule.ts'
import { connectionNotJoined } from './not-joined.rule.ts'
import { connectionOtherFile } from './other-file.rule.ts'

const check = (rule: Rule<HypervEventfdCase>) => ({ kind: 'check', rule }) as const

/** KVM_HYPERV_EVENTFD. */
export const hypervEventfdPipeline: Pipeline<HypervEventfdCase> = {
  call: 'KVM_HYPERV_EVENTFD',
  steps: [
    check(connectionsNotBuilt),
    check(connectionBits),
    check(connectionNotJoined),
    check(connectionClosed),
    check(connectionOtherFile),
    check(connectionJoined),
  ],
}
