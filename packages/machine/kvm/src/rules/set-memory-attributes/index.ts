import type { Pipeline } from '@vmm/rule'
import { attributesAlignment } from './alignment.rule.ts'
import type { MemoryAttributesCase } from './case.ts'
import { attributesFlags } from './flags.rule.ts'
import { attributesNotBuilt } from './not-built.rule.ts'
import { attributesRange } from './range.rule.ts'
import { attributesUnsupported } from './unsupported.rule.ts'

/** KVM_SET_MEMORY_ATTRIBUTES. */
export const memoryAttributesPipeline: Pipeline<MemoryAttributesCase> = {
  call: 'KVM_SET_MEMORY_ATTRIBUTES',
  steps: [
    { kind: 'check', rule: attributesNotBuilt },
    { kind: 'check', rule: attributesFlags },
    { kind: 'check', rule: attributesUnsupported },
    { kind: 'check', rule: attributesRange },
    { kind: 'check', rule: attributesAlignment },
  ],
}
