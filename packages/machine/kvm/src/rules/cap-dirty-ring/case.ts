import type { Rule } from '@vmm/rule'

/** KVM_ENABLE_CAP of KVM_CAP_DIRTY_LOG_RING or KVM_CAP_DIRTY_LOG_RING_ACQ_REL. */
export interface DirtyRingCase {
  /** How long each ring is to be: the lower 32 bits of the argument. */
  readonly bytes: number
  /** Bytes that are kept back of each, for what is written before a vCPU stops. */
  readonly reserved: number
  /** How long rings are to be already; 0 before that. */
  readonly known: number
  readonly vcpus: number
}

/** A refusal of that. */
export type DirtyRingRule = Rule<DirtyRingCase>

/** Rings of a page, in a VM without vCPUs. */
export const onePageRing: DirtyRingCase = { bytes: 4096, reserved: 1024, known: 0, vcpus: 0 }
