import type { Pipeline } from '@vmm/rule'
import { pitAbsent } from './absent.rule.ts'
import type { PitStateCase } from './case.ts'
import { reinjectWithoutPit } from './reinject.rule.ts'

/** KVM_GET_PIT2. KVM_SET_PIT2, KVM_GET_PIT and KVM_SET_PIT have the same step. */
export const getPit2Pipeline: Pipeline<PitStateCase> = {
  call: 'KVM_GET_PIT2',
  steps: [{ kind: 'check', rule: pitAbsent }],
}

/** KVM_REINJECT_CONTROL. */
export const reinjectPipeline: Pipeline<PitStateCase> = {
  call: 'KVM_REINJECT_CONTROL',
  steps: [{ kind: 'check', rule: reinjectWithoutPit }],
}
