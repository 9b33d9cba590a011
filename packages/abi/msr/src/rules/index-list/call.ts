/** KVM_GET_MSR_INDEX_LIST or KVM_GET_MSR_FEATURE_INDEX_LIST as user space calls it. */
export interface IndexListCall {
  /** `nmsrs` of the argument: room for so many. */
  readonly room: number
  /** The list that there is to give. */
  readonly list: readonly number[]
  /** What user space cannot read, or not write. */
  readonly faults: ReadonlySet<'read header' | 'write header' | 'write indexes'>
  /** `nmsrs` as the call leaves it; absent: as it was. */
  readonly counted?: number
  /** The indexes written; absent: none. */
  readonly written?: readonly number[]
}

export const roomForTwo: IndexListCall = { room: 2, list: [0x174, 0x175], faults: new Set() }
