import type { TransitEvent } from '@vmm/nested-vmx'

/** An exit from L2 to L1, as its VMCS will tell it. */
export interface L2Exit {
  /** The basic exit reason. */
  readonly reason: number
  readonly qualification?: bigint
  /** The event that is the reason. */
  readonly event?: TransitEvent
  /** The event whose delivery met it. */
  readonly vectoring?: TransitEvent | undefined
  /** Bytes of the instruction that is the reason, or that raised the event. */
  readonly length?: number
  readonly information?: number
  /** The guest-physical address that EPT has something against, and the linear one. */
  readonly physical?: bigint
  readonly linear?: bigint
}
