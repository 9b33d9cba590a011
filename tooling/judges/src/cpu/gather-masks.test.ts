import { expect, test } from 'vitest'
import { areMasksAlike } from './gather-masks.ts'

const view = (...numbers: readonly bigint[]) => new DataView(BigUint64Array.from(numbers).buffer)
const negative = 0x8000_0000_8000_0001n

test.for([
  ['VPGATHERQD', [negative, 5n], [0xffff_ffff_ffff_ffffn, 0n], true],
  ['VPGATHERQD', [negative, 5n], [0xffff_ffff_0000_0000n, 0n], false],
  ['VGATHERDPS', [negative, 5n], [negative, 6n], false],
  ['VGATHERDPD', [negative, 5n], [0xffff_ffff_ffff_ffffn, 0n], true],
  ['VGATHERDPD', [0x8000_0000_0000_0001n, 5n], [0xffff_ffff_ffff_ffffn, 0n], true],
  ['VPGATHERDQ', [5n, 5n], [0xffff_ffff_ffff_ffffn, 0n], false],
] as const)(
  'of a stopped %s the highest bits of masks count, and all of what was moved',
  ([name, real, ours, alike]) => {
    expect(areMasksAlike(name, view(...real), view(...ours), 0)).toBe(alike)
  },
)
