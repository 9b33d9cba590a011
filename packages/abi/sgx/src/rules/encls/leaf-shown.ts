import type { EnclsCase } from '../../encls-case.ts'
import { enclsLeaves } from '../../encls-leaves.rows.ts'
import { shows } from '../../guest.ts'

/** Whether the guest's CPUID has the generation of SGX that a leaf belongs to. */
export function isShown({ leaf, guest }: EnclsCase): boolean {
  if (leaf <= enclsLeaves.ETRACK) return shows(guest, 'SGX1')
  return leaf <= enclsLeaves.EMODT && shows(guest, 'SGX2')
}
