/** An entry of struct kvm_msrs. */
export interface MsrEntry {
  readonly index: number
  readonly data: bigint
}

/** How one entry ended. A failed read has left `data` in its entry. */
export interface EntryAnswer {
  readonly done: boolean
  readonly data: bigint
}

/** KVM_GET_MSRS and KVM_SET_MSRS as one call of user space. */
export interface BulkCall {
  readonly access: 'read' | 'write'
  /** `nmsrs` of the header. */
  readonly count: number
  /** The entries, as many as `count` says. */
  readonly entries: readonly MsrEntry[]
  /** Parts of the argument that user space cannot read, or for `'write back'` cannot write. */
  readonly faults: ReadonlySet<'header' | 'entries' | 'write back'>
  /** What one entry comes to. */
  readonly each: (entry: MsrEntry) => EntryAnswer
  /** What the call returns: how many entries were done. */
  readonly done?: number
}

/** The most entries of a call, and one more. Source: MAX_IO_MSRS. */
export const mostEntries = 256

const entry = (index: number): MsrEntry => ({ index, data: 7n })

/** A call of three entries, of which register 0xbad fails. */
export const threeEntries: BulkCall = {
  access: 'write',
  count: 3,
  entries: [entry(0x10), entry(0xbad), entry(0x1b)],
  faults: new Set(),
  each: ({ index, data }) => ({ done: index !== 0xbad, data: index === 0xbad ? 0n : data }),
}
