/**
 * How a slow access is described to the runtime, in one word: size in bytes in bits 7:0, then these.
 */
export const accessKind = {
  sizeMask: 0xff,
  write: 1 << 8,
  /** Faults of segmentation are #SS, not #GP. */
  stack: 1 << 9,
  /** The segment is the record's own: it says whether faults are #SS. */
  operand: 1 << 10,
  /** By the processor on its own behalf: a supervisor access that ignores AC. */
  processor: 1 << 11,
  execute: 1 << 12,
  /** A store that reads first: the scratch must hold what is there. */
  modify: 1 << 13,
} as const
