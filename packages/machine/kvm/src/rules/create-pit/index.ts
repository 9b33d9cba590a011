import type { Pipeline } from '@vmm/rule'
import type { CreatePitCase } from './case.ts'
import { pitExists } from './exists.rule.ts'
import { pitWithoutPic } from './without-pic.rule.ts'

/** KVM_CREATE_PIT2, and KVM_CREATE_PIT. */
export const createPitPipeline: Pipeline<CreatePitCase> = {
  call: 'KVM_CREATE_PIT2',
  steps: [
    { kind: 'check', rule: pitExists },
    { kind: 'check', rule: pitWithoutPic },
  ],
}
