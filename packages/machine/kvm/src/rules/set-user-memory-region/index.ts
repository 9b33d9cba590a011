import type { Pipeline } from '@vmm/rule'
import type { MemoryRegionCase } from './case.ts'
import { change } from './change.behaviour.ts'
import { flags } from './flags.rule.ts'
import { guestAddress } from './guest-address.rule.ts'
import { nothingToDelete } from './nothing-to-delete.rule.ts'
import { overlap } from './overlap.rule.ts'
import { pages } from './pages.rule.ts'
import { size } from './size.rule.ts'
import { slotNumber } from './slot-number.rule.ts'
import { unchangeable } from './unchangeable.rule.ts'
import { userAddress } from './user-address.rule.ts'
import { wrap } from './wrap.rule.ts'

/** KVM_SET_USER_MEMORY_REGION. */
export const memoryRegionPipeline: Pipeline<MemoryRegionCase> = {
  call: 'KVM_SET_USER_MEMORY_REGION',
  steps: [
    { kind: 'check', rule: flags },
    { kind: 'check', rule: size },
    { kind: 'check', rule: guestAddress },
    { kind: 'check', rule: userAddress },
    { kind: 'check', rule: slotNumber },
    { kind: 'check', rule: wrap },
    { kind: 'check', rule: pages },
    { kind: 'check', rule: nothingToDelete },
    { kind: 'check', rule: unchangeable },
    { kind: 'check', rule: overlap },
    { kind: 'act', behaviour: change },
  ],
}
