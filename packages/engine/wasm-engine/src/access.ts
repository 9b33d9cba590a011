/**
 * How a slow access is described to the runtime, in one word: size in bytes in bits 15:0, then these.
 */
export const accessKind = {
  sizeMask: 0xffff,
  write: 1 << 16,
  /** Faults of segmentation are #SS, not #GP. */
  stack: 1 << 17,
  /** The segment is the record's own: it says whether faults are #SS. */
  operand: 1 << 18,
  /** By the processor on its own behalf: a supervisor access that ignores AC. */
  processor: 1 << 19,
  execute: 1 << 20,
  /** Real and virtual-8086 mode: limits hold, types do not. */
  untyped: 1 << 22,
  /** A store that reads first: the scratch must hold what is there. */
  modify: 1 << 21,
  /** The first of many stores upwards in the page. */
  bulk: 1 << 23,
  /** Nothing is stored yet: a page that is told of must not enter a write view. */
  probe: 1 << 24,
  /** A store that reads first, with nobody else's in between. */
  locked: 1 << 25,
} as const
