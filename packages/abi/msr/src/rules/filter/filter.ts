/** A range of struct kvm_msr_filter, its bitmap read: one bit for each MSR, the lowest first. */
export interface FilterRange {
  readonly flags: number
  readonly base: number
  /** `nmsrs`. */
  readonly count: number
  /** The bitmap, or nothing where user space cannot be read. */
  readonly bitmap: Uint8Array | undefined
}

/** KVM_X86_SET_MSR_FILTER as user space calls it. */
export interface SetFilterCall {
  readonly flags: number
  /** All sixteen; those that count nothing are skipped. */
  readonly ranges: readonly FilterRange[]
  /** The argument cannot be read. */
  readonly fault: boolean
}

/** What a VM holds after the call. */
export interface MsrFilter {
  /** What holds where no range decides. */
  readonly allowsByDefault: boolean
  readonly ranges: readonly {
    readonly flags: number
    readonly base: number
    readonly count: number
    readonly bitmap: Uint8Array
  }[]
}

/** KVM_MSR_FILTER_READ and _WRITE: the accesses that a range decides on. */
export const filterRead = 1
export const filterWrite = 2
/** KVM_MSR_FILTER_DEFAULT_DENY. */
export const defaultDeny = 1
/** Bytes of the largest bitmap. Source: KVM_MSR_FILTER_MAX_BITMAP_SIZE. */
export const mostBitmapBytes = 0x600

/** The bytes that are read for a bitmap: whole words of 64 bits. */
export const bitmapBytes = (count: number): number => Math.ceil(count / 64) * 8

export const aRange: FilterRange = {
  flags: filterRead | filterWrite,
  base: 0x400,
  count: 8,
  bitmap: new Uint8Array([0xf0]),
}

export const aFilter: SetFilterCall = { flags: 0, ranges: [aRange], fault: false }
