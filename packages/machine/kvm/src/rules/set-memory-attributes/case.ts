import type { Rule } from '@vmm/rule'

/** KVM_SET_MEMORY_ATTRIBUTES. */
export interface MemoryAttributesCase {
  readonly address: bigint
  readonly size: bigint
  /** KVM_MEMORY_ATTRIBUTE_*. */
  readonly attributes: bigint
  readonly flags: bigint
  /** Attributes that pages of the VM can have; undefined: the kernel was built without them. */
  readonly supported: bigint | undefined
}

/** A refusal of that call. */
export type MemoryAttributesRule = Rule<MemoryAttributesCase>

/** A page that becomes private. */
export const aPrivatePage: MemoryAttributesCase = {
  address: 0x1000n,
  size: 0x1000n,
  attributes: 8n,
  flags: 0n,
  supported: 8n,
}
