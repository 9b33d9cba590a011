import type { OpcodeRow } from '@vmm/x86-opcodes'
import { ace } from './ace.rows.ts'
import { announced } from './announced.rows.ts'
import { announcedLegacy } from './announced-legacy.rows.ts'
import { bitMatrix } from './bit-matrix.rows.ts'
import { evex0f } from './evex-0f.rows.ts'
import { evex0f3a } from './evex-0f3a.rows.ts'
import { evex0f38 } from './evex-0f38.rows.ts'
import { evexAvx10 } from './evex-avx10.rows.ts'
import { evexHalf } from './evex-half.rows.ts'
import { evexMap4 } from './evex-map4.rows.ts'
import { evexPromoted } from './evex-promoted.rows.ts'
import { oneByte00To3f } from './one-byte-00-3f.rows.ts'
import { oneByte40To8f } from './one-byte-40-8f.rows.ts'
import { oneByte90ToFf } from './one-byte-90-ff.rows.ts'
import { rex2 } from './rex2.rows.ts'
import { threeByte3a } from './three-byte-3a.rows.ts'
import { threeByte38 } from './three-byte-38.rows.ts'
import { threeDNow } from './three-d-now.rows.ts'
import { twoByte00To3f } from './two-byte-00-3f.rows.ts'
import { twoByte40To7f } from './two-byte-40-7f.rows.ts'
import { twoByte80ToBf } from './two-byte-80-bf.rows.ts'
import { twoByteC0ToFf } from './two-byte-c0-ff.rows.ts'
import { vex0f } from './vex-0f.rows.ts'
import { vex0f3a } from './vex-0f3a.rows.ts'
import { vex0f38 } from './vex-0f38.rows.ts'
import { vexFma4 } from './vex-fma4.rows.ts'
import { vexGeneral } from './vex-general.rows.ts'
import { withdrawn } from './withdrawn.rows.ts'
import { x87D8ToDf } from './x87-d8-df.rows.ts'
import { xop } from './xop.rows.ts'
import { zhaoxin } from './zhaoxin.rows.ts'

const blocks: readonly (readonly OpcodeRow[])[] = [
  oneByte00To3f,
  oneByte40To8f,
  oneByte90ToFf,
  x87D8ToDf,
  twoByte00To3f,
  twoByte40To7f,
  twoByte80ToBf,
  twoByteC0ToFf,
  threeByte38,
  threeByte3a,
  threeDNow,
  vex0f,
  vex0f38,
  vex0f3a,
  vexFma4,
  vexGeneral,
  xop,
  evex0f,
  evex0f38,
  evex0f3a,
  evexHalf,
  evexAvx10,
  bitMatrix,
  announced,
  announcedLegacy,
  ace,
  withdrawn,
  zhaoxin,
  evexMap4,
  evexPromoted,
  rex2,
]

/** Every row of the maps, once, in the manual's order: a row's number is its place in this list. */
export const writtenRows: readonly OpcodeRow[] = blocks.flat()
