import type { Feature } from '../all.ts'
import { rowFor } from '../decode.ts'
import { type CpuidEntry, type CpuidTable, findEntry } from '../entry.ts'
import { placeOf } from '../feature.ts'
import { has } from '../has.ts'
import { isHypervisorLeaf } from '../hypervisor.ts'
import { isFeature, type OutputRegister, outputRegisters } from '../leaf.ts'
import { xsaveComponents } from '../xsave-components.rows.ts'
import { offered } from './offered.rows.ts'
import type { SupportedCpuid } from './supported-cpuid.ts'

/** A bit of a guest's table that KVM does not report. */
export interface UnsupportedBit {
  /** The feature's name, or the component's for a bit of XCR0 and IA32_XSS. */
  readonly name: string
  readonly function: number
  readonly index: number
  readonly register: OutputRegister
  readonly bit: number
  /** `'unknown'` where nobody has read whether the release reports it. */
  readonly known: 'unsupported' | 'unknown'
}

/**
 * The bits of a guest's table that KVM does not report on this host in this release: features, and components of XSAVE.
 * Bits that KVM keeps itself, or that a VMM may offer without being told so, are not among them; numbers (families,
 * caches, topology) are the VMM's own.
 */
export function unsupported(table: CpuidTable, supported: SupportedCpuid): readonly UnsupportedBit[] {
  return [
    ...table.flatMap((entry) => featureBits(table, entry, supported)),
    ...componentBits(table, supported, 0, 'eax', 'user'),
    ...componentBits(table, supported, 1, 'ecx', 'supervisor'),
  ]
}

function featureBits(table: CpuidTable, entry: CpuidEntry, supported: SupportedCpuid): readonly UnsupportedBit[] {
  const row = isHypervisorLeaf(entry.function) ? undefined : rowFor(table, entry)
  if (row === undefined) return []
  return outputRegisters.flatMap((register) =>
    Object.entries(row.outputs[register] ?? {}).flatMap(([name, field]) => {
      const set = isFeature(field) && ((entry[register] >>> field.low) & 1) === 1
      const feature = name as Feature
      if (!set || mayBeOffered(feature) || has(supported.entries, feature)) return []
      return [unsupportedBit(feature, supported)]
    }),
  )
}

function mayBeOffered(feature: Feature): boolean {
  return offered.some((row) => row.feature === feature)
}

function unsupportedBit(feature: Feature, { unknown }: SupportedCpuid): UnsupportedBit {
  const { function: leaf, index = 0, register, bit } = placeOf(feature)
  return {
    name: feature,
    function: leaf,
    index,
    register,
    bit,
    known: unknown.includes(feature) ? 'unknown' : 'unsupported',
  }
}

function componentBits(
  table: CpuidTable,
  { entries }: SupportedCpuid,
  index: number,
  register: OutputRegister,
  kind: 'user' | 'supervisor',
): readonly UnsupportedBit[] {
  const asked = findEntry(table, 0x0d, index)?.[register] ?? 0
  const reported = findEntry(entries, 0x0d, index)?.[register] ?? 0
  return xsaveComponents
    .filter((component) => component.kind === kind && (((asked & ~reported) >>> component.bit) & 1) === 1)
    .map(({ name, bit }) => ({ name, function: 0x0d, index, register, bit, known: 'unsupported' }))
}
