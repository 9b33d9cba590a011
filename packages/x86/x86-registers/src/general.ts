/** The general registers by their 64-bit names, in the order of the encoding. */
export const gprNames = [
  'RAX',
  'RCX',
  'RDX',
  'RBX',
  'RSP',
  'RBP',
  'RSI',
  'RDI',
  'R8',
  'R9',
  'R10',
  'R11',
  'R12',
  'R13',
  'R14',
  'R15',
] as const
/** A general register by its 64-bit name. */
export type GprName = (typeof gprNames)[number]

/** The segment registers in the order of the encoding. */
export const segmentNames = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'] as const
/** A segment register. */
export type SegmentName = (typeof segmentNames)[number]

/** Segment registers and the two system segments, which have the same hidden parts. */
export const descriptorNames = [...segmentNames, 'LDTR', 'TR'] as const
/** A register with a hidden descriptor. */
export type DescriptorName = (typeof descriptorNames)[number]

/** The number that the encoding gives to a general register. */
export function gprIndex(name: GprName): number {
  return gprNames.indexOf(name)
}
