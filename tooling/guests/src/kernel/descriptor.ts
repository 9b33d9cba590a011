/** A segment or gate descriptor in words. */
export interface Segment {
  readonly base?: number
  /** In bytes or, with `granular`, in pages less one. */
  readonly limit?: number
  /** Bits 3:0 of the type. */
  readonly type: number
  readonly system?: boolean
  readonly dpl?: number
  readonly present?: boolean
  readonly big?: boolean
  readonly long?: boolean
  readonly granular?: boolean
}

/** Types of segments. */
export const segmentType = {
  data: 2,
  readOnly: 0,
  expandDown: 6,
  code: 10,
  executeOnly: 8,
  conforming: 14,
  tss16: 1,
  ldt: 2,
  busyTss16: 3,
  callGate16: 4,
  taskGate: 5,
  interruptGate16: 6,
  trapGate16: 7,
  tss32: 9,
  busyTss32: 11,
  callGate32: 12,
  interruptGate32: 14,
  trapGate32: 15,
} as const

const bit = (value: boolean | undefined, at: bigint): bigint => (value === true ? 1n << at : 0n)

/** The eight bytes of a segment descriptor. Source: SDM 3A §3.4.5, Figure 3-8. */
export function segment({ base = 0, limit = 0xf_ffff, type, dpl = 0, ...rest }: Segment): bigint {
  const [b, l] = [BigInt(base >>> 0), BigInt(limit)]
  return (
    (l & 0xffffn) |
    ((b & 0xff_ffffn) << 16n) |
    (BigInt(type) << 40n) |
    bit(rest.system !== true, 44n) |
    (BigInt(dpl) << 45n) |
    bit(rest.present !== false, 47n) |
    (((l >> 16n) & 0xfn) << 48n) |
    bit(rest.long, 53n) |
    bit(rest.big, 54n) |
    bit(rest.granular, 55n) |
    ((b >> 24n) << 56n)
  )
}

/** A flat 32-bit segment of 4 GiB. */
export const flat = (type: number, more: Partial<Segment> = {}): bigint =>
  segment({ type: type | 1, big: true, granular: true, ...more })

interface Gate {
  readonly selector: number
  readonly offset?: number
  readonly type: number
  readonly dpl?: number
  readonly present?: boolean
  /** Parameters of a call gate, or IST of a 64-bit gate. */
  readonly count?: number
}

/** The eight bytes of a gate, or the first half of a 64-bit one. Source: SDM 3A §5.8.3, Figure 5-8; §6.11, Figure 6-2. */
export function gate({ selector, offset = 0, type, dpl = 0, present, count = 0 }: Gate): bigint {
  const o = BigInt(offset >>> 0)
  return (
    (o & 0xffffn) |
    (BigInt(selector) << 16n) |
    (BigInt(count) << 32n) |
    (BigInt(type) << 40n) |
    (BigInt(dpl) << 45n) |
    bit(present !== false, 47n) |
    ((o >> 16n) << 48n)
  )
}
