import { oneByte00To3f } from './one-byte-00-3f.rows.ts'
import { oneByte40To8f } from './one-byte-40-8f.rows.ts'
import { oneByte90ToFf } from './one-byte-90-ff.rows.ts'
import type { OpcodeRow } from './row.ts'
import { twoByte } from './two-byte.rows.ts'
import { vexGeneral } from './vex-general.rows.ts'

/** Every row of the maps, once: a row's number is its place in this list. */
export const rows: readonly OpcodeRow[] = [
  ...oneByte00To3f,
  ...oneByte40To8f,
  ...oneByte90ToFf,
  ...twoByte,
  ...vexGeneral,
]
