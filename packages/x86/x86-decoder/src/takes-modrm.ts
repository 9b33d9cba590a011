import { maps } from './candidates.ts'

/**
 * Whether an opcode of a legacy map is followed by a ModRM byte; undefined where no row has it. Maps count 0 for one byte, 1 for 0F, 2 for
 * 0F 38 and 3 for 0F 3A. Source: SDM 2A §2.1.2.
 */
export function takesModrm(map: 0 | 1 | 2 | 3, opcode: number): boolean | undefined {
  const slot = maps()[map]![opcode]
  return slot && slot.modrm !== 'none'
}
