/** KVM_GET_REG_LIST on a vCPU. */
export interface RegListCall {
  /** `n` of the argument: room for so many. */
  readonly room: bigint
  readonly shadowStacks: boolean
  readonly faults: ReadonlySet<'read count' | 'write count' | 'write list'>
}

/** The shadow-stack pointer alone is listed: MSRs have a list of their own. */
export const countOf = ({ shadowStacks }: RegListCall): bigint => (shadowStacks ? 1n : 0n)

export const roomForOne: RegListCall = { room: 1n, shadowStacks: true, faults: new Set() }
