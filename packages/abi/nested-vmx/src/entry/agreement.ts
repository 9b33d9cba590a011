import { vmcsPlaceOf } from '../vmcs/vmcs-field.ts'
import { type VmcsValues, vmcsReader, wholeVmcsBytes, writeVmcs } from '../vmcs/vmcs-layout.ts'
import { vmcsRegionBytes } from '../vmcs12/vmcs12.ts'
import { entryChecks } from './all.ts'
import { fails } from './check.ts'
import { type CompiledEntryChecks, compileEntryChecks } from './entry-failure.ts'
import { mutatedField } from './mutated-field.ts'
import { type RandomEntry, randomEntry, randomNumbers } from './random-entries.ts'

/** What came of comparing both readings. */
export interface Agreement {
  /** How often each verdict was given: by the id of the check, or `enters`. */
  readonly verdicts: ReadonlyMap<string, number>
  /** The first few disagreements, in words. */
  readonly disagreements: readonly string[]
}

const most = 5

/** Compares both readings of the checks over random VMCSs, and skipping of groups that did not change with skipping none. */
export function compareReadings(count: number, seed: number): Agreement {
  const random = randomNumbers(seed)
  const verdicts = new Map<string, number>()
  const disagreements: string[] = []
  const compiled = compiler()
  const bytes = new Uint8Array(Math.max(wholeVmcsBytes, vmcsRegionBytes))
  for (let done = 0; done < count && disagreements.length < most; done += 1) {
    const entry = randomEntry(random)
    writeVmcs(bytes.fill(0), entry.values, entry.layout)
    const checks = compiled(entry)
    const fast = checks.failure(new DataView(bytes.buffer), entry.facts)?.id
    const asked = { read: vmcsReader(bytes, entry.layout), processor: entry.processor, facts: entry.facts }
    const slow = entryChecks.find((check) => fails(check, asked))?.id
    verdicts.set(slow ?? 'enters', (verdicts.get(slow ?? 'enters') ?? 0) + 1)
    if (fast !== slow) disagreements.push(`${fast} for ${slow}: ${told(entry.values)}`)
    if (fast === undefined) disagreements.push(...skipping(entry, bytes, checks, random))
  }
  return { verdicts, disagreements }
}

/** A VMCS that passed, with one field changed: only what looks at the field is asked again, and nothing where it looks at none of the bits. */
function skipping(
  entry: RandomEntry,
  bytes: Uint8Array,
  checks: CompiledEntryChecks,
  random: (below: number) => number,
): readonly string[] {
  const [field, mutated] = mutatedField(entry.values, random)
  const old = vmcsReader(bytes, entry.layout)(field)
  const bits = checks.bitsOf(field)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return [mutated, old ^ ((old ^ mutated) & ~bits)].flatMap((value) => {
    writeVmcs(bytes, { [field]: value }, entry.layout)
    const dirty = ((old ^ value) & bits) === 0n ? 0 : checks.groupsOf(field)
    const skipped = checks.failure(view, entry.facts, dirty)?.id
    const asked = checks.failure(view, entry.facts)?.id
    if (skipped === asked) return []
    return [`${skipped} where groups are skipped, for ${asked}: ${field} = ${value.toString(16)}`]
  })
}

function compiler() {
  const kept = new Map<object, Map<object, CompiledEntryChecks>>()
  return ({ processor, layout }: RandomEntry): CompiledEntryChecks => {
    const byLayout = kept.get(processor) ?? new Map<object, CompiledEntryChecks>()
    const checks = byLayout.get(layout) ?? compileEntryChecks(processor, layout)
    kept.set(processor, byLayout.set(layout, checks))
    return checks
  }
}

function told(values: VmcsValues): string {
  const entries = Object.entries(values) as [Parameters<typeof vmcsPlaceOf>[0], bigint][]
  return entries.map(([field, value]) => `${vmcsPlaceOf(field).field}=${value.toString(16)}`).join(' ')
}
