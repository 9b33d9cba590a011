import type { Pipeline } from '@vmm/rule'
import type { MmuPagesCase } from './case.ts'
import { tooFewMmuPages } from './too-few.rule.ts'

/** KVM_SET_NR_MMU_PAGES. */
export const mmuPagesPipeline: Pipeline<MmuPagesCase> = {
  call: 'KVM_SET_NR_MMU_PAGES',
  steps: [{ kind: 'check', rule: tooFewMmuPages }],
}
