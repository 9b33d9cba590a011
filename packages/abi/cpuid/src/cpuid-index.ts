import { type CpuidAnswer, type CpuidTable, KVM_CPUID_FLAG_SIGNIFCANT_INDEX } from './entry.ts'
import { lookup, type VendorRules, vendorRulesOf } from './lookup.ts'

/** A table made ready for many questions: what {@link lookup} answers, without a search. */
export type CpuidIndex = (eax: number, ecx: number) => CpuidAnswer

/** What the entries of one leaf answer. */
interface LeafAnswers {
  readonly byIndex: Map<number, CpuidAnswer>
  /** The answer for every index that is not in `byIndex`, where an entry takes them all. */
  any: CpuidAnswer | undefined
}

/** Makes a table ready. The table must not change afterwards. */
export function cpuidIndex(table: CpuidTable, vendorRules: VendorRules = vendorRulesOf(table)): CpuidIndex {
  const leaves = leavesOf(table)
  return (eax, ecx) => {
    const leaf = leaves.get(eax >>> 0)
    return leaf?.byIndex.get(ecx >>> 0) ?? leaf?.any ?? lookup(table, eax, ecx, vendorRules)
  }
}

function leavesOf(table: CpuidTable): ReadonlyMap<number, LeafAnswers> {
  const leaves = new Map<number, LeafAnswers>()
  for (const { function: leaf, index, flags, eax, ebx, ecx, edx } of table) {
    const answers = leaves.get(leaf) ?? { byIndex: new Map(), any: undefined }
    leaves.set(leaf, answers)
    if (answers.any !== undefined) continue
    const answer = { eax, ebx, ecx, edx }
    if ((flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) === 0) answers.any = answer
    else if (!answers.byIndex.has(index)) answers.byIndex.set(index, answer)
  }
  return leaves
}
