import type { Pipeline } from '@vmm/rule'
import { addressSpace } from './address-space.rule.ts'
import { beyondAddresses } from './beyond-addresses.rule.ts'
import type { MemoryRegionCase } from './case.ts'
import { change } from './change.behaviour.ts'
import { flags } from './flags.rule.ts'
import { guestAddress } from './guest-address.rule.ts'
import { memfdBound } from './memfd-bound.rule.ts'
import { memfdForeign } from './memfd-foreign.rule.ts'
import { memfdKept } from './memfd-kept.rule.ts'
import { memfdNotOpen } from './memfd-not-open.rule.ts'
import { memfdOffset } from './memfd-offset.rule.ts'
import { memfdRange } from './memfd-range.rule.ts'
import { nothingToDelete } from './nothing-to-delete.rule.ts'
import { overlap } from './overlap.rule.ts'
import { pages } from './pages.rule.ts'
import { privateFlags } from './private-flags.rule.ts'
import { privateImmutable } from './private-immutable.rule.ts'
import { same } from './same.behaviour.ts'
import { size } from './size.rule.ts'
import { slotNumber } from './slot-number.rule.ts'
import { unchangeable } from './unchangeable.rule.ts'
import { userAddress } from './user-address.rule.ts'
import { userEnd } from './user-end.rule.ts'
import { userEndEarly } from './user-end-early.rule.ts'
import { userSign } from './user-sign.rule.ts'
import { wrap } from './wrap.rule.ts'

/** KVM_SET_USER_MEMORY_REGION and, since it is there, KVM_SET_USER_MEMORY_REGION2. */
export const memoryRegionPipeline: Pipeline<MemoryRegionCase> = {
  call: 'KVM_SET_USER_MEMORY_REGION',
  steps: [
    { kind: 'check', rule: flags },
    { kind: 'check', rule: slotNumber },
    { kind: 'check', rule: privateFlags },
    { kind: 'check', rule: size },
    { kind: 'check', rule: guestAddress },
    { kind: 'check', rule: userAddress },
    { kind: 'check', rule: userEndEarly },
    { kind: 'check', rule: userSign },
    { kind: 'check', rule: userEnd },
    { kind: 'check', rule: memfdOffset },
    { kind: 'check', rule: addressSpace },
    { kind: 'check', rule: wrap },
    { kind: 'check', rule: pages },
    { kind: 'check', rule: nothingToDelete },
    { kind: 'check', rule: privateImmutable },
    { kind: 'check', rule: unchangeable },
    { kind: 'check', rule: memfdKept },
    { kind: 'end', behaviour: same },
    { kind: 'check', rule: overlap },
    { kind: 'check', rule: memfdNotOpen },
    { kind: 'check', rule: memfdForeign },
    { kind: 'check', rule: memfdRange },
    { kind: 'check', rule: memfdBound },
    { kind: 'check', rule: beyondAddresses },
    { kind: 'act', behaviour: change },
  ],
}

/** The same by the name of the second. */
export const memoryRegion2Pipeline: Pipeline<MemoryRegionCase> = {
  call: 'KVM_SET_USER_MEMORY_REGION2',
  steps: memoryRegionPipeline.steps,
}
