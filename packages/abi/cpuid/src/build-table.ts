import type { Feature } from './all.ts'
import { type CpuModel, type CpuModelName, cpuModels } from './cpu-models.rows.ts'
import { type CpuidEntry, type CpuidTable, changeEntry, entry } from './entry.ts'
import { nearestName } from './feature.ts'
import { type Frequencies, frequencyEntries } from './frequency.ts'
import { withFeature } from './has.ts'
import { implementedFeatures } from './implemented.ts'
import { type FeatureChanges, type Refused, refused, resolveFeatures } from './resolve-features.ts'
import { registerOf, signatureEax } from './text.ts'
import { cacheEntries, leaf01Ebx, leaf80000006Ecx, type Topology, topologyEntries } from './topology.ts'
import { compactedXsaveSize, standardXsaveSize } from './xsave.ts'
import { type XsaveComponent, xsaveComponents } from './xsave-components.rows.ts'

/** What to build a table for. */
export interface TableOptions {
  /** A model's name, or a model of one's own. */
  readonly model?: CpuModelName | CpuModel
  readonly features?: Partial<FeatureChanges>
  /** What the engine can do: nothing else is advertised. */
  readonly implemented?: ReadonlySet<Feature>
  /** Logical processors of the guest. */
  readonly cpus?: number
  /** The x2APIC ID of the one this table is for. */
  readonly apicId?: number
  /** TSC frequency in kHz; left out, the leaves that tell it are absent. */
  readonly tscKhz?: number
  /** Frequency in Hz of the clock that the local APIC timer counts. */
  readonly crystalHz?: number
  /** MAXPHYADDR: 32 to 52. */
  readonly physicalAddressWidth?: number
  /** Bits of XCR0 and IA32_XSS that the engine can save; left out, those of the features present. */
  readonly xsaveComponents?: bigint
}

/** A table, and the features it advertises. */
export interface BuiltTable {
  readonly kind: 'table'
  readonly entries: CpuidTable
  readonly features: ReadonlySet<Feature>
  /** What the model would have had were it implemented, in the order of the leaf rows. */
  readonly clipped: readonly Feature[]
}

/** The model of this name, or a refusal that suggests the nearest, also of `others` that somebody else knows. */
export function cpuModelNamed(
  name: string,
  others: readonly string[] = [],
): { readonly kind: 'model'; readonly model: CpuModel } | Refused {
  const model = cpuModels.find((candidate) => candidate.name === name.trim().toLowerCase())
  if (model !== undefined) return { kind: 'model', model }
  const names = [...cpuModels.map((candidate) => candidate.name), ...others]
  const near = nearestName(name.toLowerCase(), names)
  return refused(
    `unknown CPU model '${name}'; ${near === undefined ? `known are ${names.join(', ')}` : `did you mean ${near}?`}`,
  )
}

/**
 * Builds the CPUID table of one logical processor. Leaves agree with each other, and every feature is one that is
 * implemented. Runtime bits are as after reset (`runtimeUpdate` follows them from there). Refuses a feature that cannot
 * be had, with a sentence.
 */
export function buildTable(options: TableOptions = {}): BuiltTable | Refused {
  const { model = 'default', features = {}, implemented = implementedFeatures, cpus = 1, apicId = 0 } = options
  const { tscKhz, crystalHz = 25_000_000, physicalAddressWidth = 46 } = options
  const chosen = typeof model === 'string' ? cpuModels.find(({ name }) => name === model)! : model
  const changes = { plus: features.plus ?? [], minus: features.minus ?? [] }
  const resolved = resolveFeatures(chosen, changes, implemented)
  if (resolved.kind === 'refused') return resolved
  const present = new Set(resolved.features)
  if (cpus > 1) present.add('HTT')
  const shape = { cpus, apicId }
  const frequencies = tscKhz === undefined ? undefined : { tscKhz, crystalHz }
  const bare = [
    ...basicEntries(chosen, shape, present, frequencies),
    ...xsaveEntries(present, options.xsaveComponents ?? ~0n),
    ...hypervisorEntries(present, frequencies),
    ...extendedEntries(chosen, present, physicalAddressWidth),
  ]
  const table = [...present].reduce<CpuidTable>(withFeature, bare)
  return { kind: 'table', entries: inOrder(withMaximum(table)), features: present, clipped: resolved.clipped }
}

function basicEntries(
  model: CpuModel,
  shape: Topology,
  present: ReadonlySet<Feature>,
  frequencies: Frequencies | undefined,
): readonly CpuidEntry[] {
  const { vendor, signature, caches } = model
  const monitor = present.has('MONITOR') ? { eax: 64, ebx: 64, edx: 0x10 } : {}
  return [
    entry(0x00, { ebx: registerOf(vendor, 0), edx: registerOf(vendor, 4), ecx: registerOf(vendor, 8) }),
    entry(0x01, { eax: signatureEax(signature), ebx: leaf01Ebx(shape) }),
    entry(0x02, { eax: 0x0000_ff01, ebx: 0x0000_00f0 }),
    ...cacheEntries(caches, shape),
    entry(0x05, monitor),
    entry(0x06, {}),
    entry(0x07, {}, 0),
    ...topologyEntries(shape),
    ...(frequencies === undefined ? [] : frequencyEntries(frequencies)),
  ]
}

/** The components whose feature is present; the legacy two whenever there is XSAVE. */
function componentsFor(present: ReadonlySet<Feature>, mask: bigint): readonly XsaveComponent[] {
  return xsaveComponents.filter(
    ({ bit, needs, kind }) =>
      present.has(needs) && ((mask >> BigInt(bit)) & 1n) === 1n && (kind === 'user' || present.has('XSAVES')),
  )
}

function maskOfKind(components: readonly XsaveComponent[], kind: XsaveComponent['kind']): bigint {
  return components
    .filter((component) => component.kind === kind)
    .reduce((mask, { bit }) => mask | (1n << BigInt(bit)), 0n)
}

const low = (value: bigint) => Number(value & 0xffff_ffffn)
const high = (value: bigint) => Number(value >> 32n)

function xsaveEntries(present: ReadonlySet<Feature>, mask: bigint): readonly CpuidEntry[] {
  if (!present.has('XSAVE')) return []
  const components = componentsFor(present, mask)
  const xcr0 = maskOfKind(components, 'user')
  const xss = maskOfKind(components, 'supervisor')
  const compacted = present.has('XSAVEC') ? compactedXsaveSize(1n) : 0
  return [
    entry(0x0d, { eax: low(xcr0), edx: high(xcr0), ebx: standardXsaveSize(1n), ecx: standardXsaveSize(xcr0) }, 0),
    entry(0x0d, { ebx: compacted, ecx: low(xss), edx: high(xss) }, 1),
    ...components
      .filter(({ bit }) => bit >= 2)
      .map(({ bit, size, offset, kind, aligned }) =>
        entry(
          0x0d,
          { eax: size, ebx: offset, ecx: (kind === 'supervisor' ? 1 : 0) | (aligned === 'aligned' ? 2 : 0) },
          bit,
        ),
      ),
  ]
}

const kvmSignature = 'KVMKVMKVM'

function hypervisorEntries(present: ReadonlySet<Feature>, frequencies: Frequencies | undefined): readonly CpuidEntry[] {
  if (!present.has('HYPERVISOR')) return []
  const [ebx, ecx, edx] = [registerOf(kvmSignature, 0), registerOf(kvmSignature, 4), registerOf(kvmSignature, 8)]
  const timing =
    frequencies === undefined
      ? []
      : [entry(0x4000_0010, { eax: frequencies.tscKhz, ebx: Math.round(frequencies.crystalHz / 1000) })]
  return [entry(0x4000_0000, { ebx, ecx, edx }), entry(0x4000_0001, {}), ...timing]
}

function extendedEntries(model: CpuModel, present: ReadonlySet<Feature>, width: number): readonly CpuidEntry[] {
  const linear = present.has('LA57') ? 57 : present.has('LM') ? 48 : 32
  const brand = [0, 16, 32].map((at, i) =>
    entry(0x8000_0002 + i, {
      eax: registerOf(model.brand, at),
      ebx: registerOf(model.brand, at + 4),
      ecx: registerOf(model.brand, at + 8),
      edx: registerOf(model.brand, at + 12),
    }),
  )
  return [
    entry(0x8000_0000, {}),
    entry(0x8000_0001, {}),
    ...brand,
    entry(0x8000_0005, {}),
    entry(0x8000_0006, { ecx: leaf80000006Ecx(model.caches) }),
    entry(0x8000_0007, {}),
    entry(0x8000_0008, { eax: (linear << 8) | width }),
  ]
}

/** Sets the EAX of each first leaf to the highest leaf of its range. */
function withMaximum(table: CpuidTable): CpuidTable {
  const ranges = [
    { first: 0, last: 0x3fff_ffff },
    { first: 0x4000_0000, last: 0x4fff_ffff },
    { first: 0x8000_0000, last: 0x8fff_ffff },
  ]
  return ranges.reduce((changed, { first, last }) => {
    const inRange = table.map((row) => row.function).filter((leaf) => leaf >= first && leaf <= last)
    return changeEntry(changed, first, 0, () => ({ eax: Math.max(first, ...inRange) }))
  }, table)
}

function inOrder(table: CpuidTable): CpuidTable {
  return [...table].sort((a, b) => a.function - b.function || a.index - b.index)
}
