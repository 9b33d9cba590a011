import { type CpuidTable, changeEntry, findEntry } from './entry.ts'
import { compactedXsaveSize, componentsOf, standardXsaveSize } from './xsave.ts'

/** The state of a CPU that CPUID shows. 64-bit registers. */
export interface RuntimeState {
  readonly cr4: bigint
  readonly xcr0: bigint
  readonly xss: bigint
  /** IA32_APIC_BASE. */
  readonly apicBase: bigint
  /** IA32_MISC_ENABLE; left out, the MONITOR bit stays as the table has it. */
  readonly miscEnable?: bigint
}

const bitOf = (value: bigint, bit: bigint) => Number((value >> bit) & 1n)
const withBit = (register: number, bit: number, on: number) => ((register & ~(1 << bit)) | (on << bit)) >>> 0

/**
 * The table as the guest sees it now: OSXSAVE, OSPKE, APIC and MONITOR follow CR4, IA32_APIC_BASE and IA32_MISC_ENABLE;
 * the sizes of the XSAVE area follow XCR0 and IA32_XSS. Nothing else of a table ever changes while a guest runs. Keep
 * the table as it was built, and make this one from it whenever one of these registers changes.
 *
 * Source: SDM 2A §3.3 CPUID; SDM 1 §13.2.
 */
export function runtimeUpdate(table: CpuidTable, state: RuntimeState): CpuidTable {
  const updated = updateFeatureBits(table, state)
  return updateXsaveSizes(updated, state)
}

function updateFeatureBits(table: CpuidTable, { cr4, apicBase, miscEnable }: RuntimeState): CpuidTable {
  const version = changeEntry(table, 0x01, 0, ({ ecx, edx }) => {
    const withMonitor = miscEnable === undefined ? ecx : withBit(ecx, 3, bitOf(miscEnable, 18n))
    return { ecx: withBit(withMonitor, 27, bitOf(cr4, 18n)), edx: withBit(edx, 9, bitOf(apicBase, 11n)) }
  })
  return changeEntry(version, 0x07, 0, ({ ecx }) => ({ ecx: withBit(ecx, 4, bitOf(cr4, 22n)) }))
}

function updateXsaveSizes(table: CpuidTable, { xcr0, xss }: RuntimeState): CpuidTable {
  if (findEntry(table, 0x0d, 0) === undefined) return table
  const components = componentsOf(table)
  const standard = changeEntry(table, 0x0d, 0, () => ({ ebx: standardXsaveSize(xcr0, components) }))
  const compacts = ((findEntry(table, 0x0d, 1)?.eax ?? 0) & 0b1010) !== 0
  if (!compacts) return standard
  return changeEntry(standard, 0x0d, 1, () => ({ ebx: compactedXsaveSize(xcr0 | xss, components) }))
}
