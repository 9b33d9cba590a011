import { type CpuidAnswer, type CpuidEntry, type CpuidTable, findEntry } from './entry.ts'
import { registerOf } from './text.ts'

/**
 * What a CPU says to a leaf it does not have: Intel's answer with the data of the highest basic leaf, AMD's with zeros.
 *
 * Source: SDM 2A §3.3 CPUID (“Information Returned by CPUID Instruction”); APM 3 CPUID.
 */
export type VendorRules = 'intel' | 'amd'

const amdVendors = ['AuthenticAMD', 'HygonGenuine', 'AMDisbetter!'].map((name) => ({
  ebx: registerOf(name, 0),
  edx: registerOf(name, 4),
  ecx: registerOf(name, 8),
}))
const zeros: CpuidAnswer = { eax: 0, ebx: 0, ecx: 0, edx: 0 }

/** The rules that go with a table's vendor string: everything that is not AMD or Hygon behaves like Intel. */
export function vendorRulesOf(table: CpuidTable): VendorRules {
  const told = findEntry(table, 0, 0)
  const amd = amdVendors.some(({ ebx, ecx, edx }) => told?.ebx === ebx && told.ecx === ecx && told.edx === edx)
  return amd ? 'amd' : 'intel'
}

/**
 * Executes CPUID: what a CPU with this table answers to EAX = `eax` and ECX = `ecx` (both taken as unsigned 32-bit).
 *
 * Topology leaves 0BH and 1FH answer a sub-leaf that does not exist with its number in ECX[7:0] and the x2APIC ID in
 * EDX, as the manual says.
 */
export function lookup(
  table: CpuidTable,
  eax: number,
  ecx: number,
  vendorRules: VendorRules = vendorRulesOf(table),
): CpuidAnswer {
  const leaf = eax >>> 0
  const index = ecx >>> 0
  const exact = findEntry(table, leaf, index)
  if (exact !== undefined) return answerOf(exact)
  const answering = vendorRules === 'intel' && isOutOfRange(table, leaf) ? (findEntry(table, 0, 0)?.eax ?? leaf) : leaf
  const redirected = answering === leaf ? undefined : findEntry(table, answering, index)
  return redirected === undefined ? missingSubleaf(table, answering, index) : answerOf(redirected)
}

function answerOf({ eax, ebx, ecx, edx }: CpuidEntry): CpuidAnswer {
  return { eax, ebx, ecx, edx }
}

/** Each class of leaves has its own maximum in the EAX of its first leaf; a class without that leaf is out of range. */
function isOutOfRange(table: CpuidTable, leaf: number): boolean {
  const first = findEntry(table, classOf(leaf), 0)
  return first === undefined || leaf > first.eax
}

function classOf(leaf: number): number {
  if (leaf >= 0x4000_0000 && leaf <= 0x4fff_ffff) return (leaf & 0xffff_ff00) >>> 0
  if (leaf >= 0xc000_0000) return 0xc000_0000
  return (leaf & 0x8000_0000) >>> 0
}

function missingSubleaf(table: CpuidTable, leaf: number, index: number): CpuidAnswer {
  if (leaf !== 0x0b && leaf !== 0x1f) return zeros
  const known = findEntry(table, leaf, 1)
  return known === undefined ? zeros : { ...zeros, ecx: index & 0xff, edx: known.edx }
}
