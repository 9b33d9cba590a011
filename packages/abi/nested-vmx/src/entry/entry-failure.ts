import type { VmcsField } from '../vmcs/vmcs-field.ts'
import { type VmcsLayout, vmcs12Layout, vmcsReader, writeVmcs } from '../vmcs/vmcs-layout.ts'
import { type EntryCheckId, type EntryReport, entryChecks, type NamedEntryCheck } from './all.ts'
import { type Compiled, compileCondition, type Test } from './compile-condition.ts'
import { all, any, type Condition, type LookedAt, lookedAtBy, looksAround, not } from './condition.ts'
import type { EntryFacts, EntryProcessor } from './entry-processor.ts'

/** An entry that fails: the first check that does, and what is reported. */
export interface FailedEntry {
  readonly id: EntryCheckId
  readonly says: string
  readonly reports: EntryReport
}

/** Checks of entries that are compiled for one processor and one layout of VMCSs. */
export interface CompiledEntryChecks {
  /** Every group of checks, as a mask. */
  readonly everyGroup: number
  /** The groups of checks that look at a field, as a mask: what a write to it makes dirty. */
  readonly groupsOf: (field: VmcsField) => number
  /** The bits of it that they go by: where none of these changes, no group becomes dirty. */
  readonly bitsOf: (field: VmcsField) => bigint
  /**
   * The first check that fails, in the manual's order; nothing where the entry succeeds. Groups that are not dirty are taken
   * to pass, but for what looks at memory and modes: nobody tells when those change.
   */
  readonly failure: (vmcs: DataView, facts: EntryFacts, dirty?: number, around?: Around) => FailedEntry | undefined
}

/** Whether what looks at memory and modes is asked of groups that are not dirty: it need not where those are as they were. */
export type Around = 'asked' | 'as before'

interface CompiledRow {
  readonly fails: Test
  readonly failed: FailedEntry
  readonly around: boolean
}

interface Group {
  readonly bit: number
  readonly rows: readonly CompiledRow[]
  /** Those that are asked whether the group is dirty or not. */
  readonly always: readonly CompiledRow[]
  readonly lookedAt: readonly LookedAt[]
}

/** Compiles the checks of entries. What the processor decides costs nothing afterwards. */
export function compileEntryChecks(processor: EntryProcessor, layout: VmcsLayout = vmcs12Layout): CompiledEntryChecks {
  const bySection = Map.groupBy(entryChecks, sectionOf)
  const groups = [...bySection.values()].map((checks, at) => groupOf(checks, 1 << at, processor, layout))
  const everyGroup = groups.reduce((mask, { bit }) => mask | bit, 0)
  const masks = new Map<VmcsField, number>()
  const bits = new Map<VmcsField, bigint>()
  for (const { bit, lookedAt } of groups)
    for (const [field, some] of lookedAt) {
      masks.set(field, (masks.get(field) ?? 0) | bit)
      bits.set(field, (bits.get(field) ?? 0n) | some)
    }
  const bytes = Math.max(...Object.values(layout)) + 8
  return {
    everyGroup,
    groupsOf: (field) => masks.get(field) ?? 0,
    bitsOf: (field) => bits.get(field) ?? 0n,
    failure: (vmcs, facts, dirty = everyGroup, around = 'asked') =>
      firstFailure(groups, vmcs.byteLength < bytes ? whole(vmcs, layout, bytes) : vmcs, facts, dirty, around),
  }
}

const sectionOf = ({ source }: NamedEntryCheck): string => (source.kind === 'sdm' ? source.section : '')

function groupOf(
  checks: readonly NamedEntryCheck[],
  bit: number,
  processor: EntryProcessor,
  layout: VmcsLayout,
): Group {
  const compiled = checks.map((check) => [check, compileCondition(failing(check), { processor, layout })] as const)
  const rows = compiled.flatMap(([check, fails]) => rowOf(check, fails))
  const lookedAt = compiled.flatMap(([check, fails]) => (fails === false ? [] : lookedAtBy(failing(check))))
  return { bit, rows, always: rows.filter(({ around }) => around), lookedAt }
}

function failing({ when, holds }: NamedEntryCheck): Condition {
  return when === undefined ? not(holds) : all(when, not(holds))
}

function rowOf(check: NamedEntryCheck, fails: Compiled): readonly CompiledRow[] {
  if (fails === false) return []
  const { id, says, reports } = check
  return [
    {
      fails: fails === true ? () => true : fails,
      failed: { id, says, reports },
      around: looksAround(any(failing(check))),
    },
  ]
}

function firstFailure(groups: readonly Group[], vmcs: DataView, facts: EntryFacts, dirty: number, around: Around) {
  if (around === 'as before') return firstOfDirty(groups, vmcs, facts, dirty)
  for (const { bit, rows, always } of groups) {
    const isDirty = (dirty & bit) !== 0
    for (const { fails, failed } of isDirty ? rows : always) if (fails(vmcs, facts)) return failed
  }
  return undefined
}

/** The same where nothing else is asked: group by group that is dirty. */
function firstOfDirty(groups: readonly Group[], vmcs: DataView, facts: EntryFacts, dirty: number) {
  for (let left = dirty; left !== 0; left &= left - 1) {
    const rows = groups[31 - Math.clz32(left & -left)]?.rows
    if (rows === undefined) return undefined
    for (const { fails, failed } of rows) if (fails(vmcs, facts)) return failed
  }
  return undefined
}

/** A VMCS that ends early, with what is missing as 0. */
function whole(vmcs: DataView, layout: VmcsLayout, bytes: number): DataView {
  const copy = new Uint8Array(bytes)
  const read = vmcsReader(new Uint8Array(vmcs.buffer, vmcs.byteOffset, vmcs.byteLength), layout)
  const fields = Object.keys(layout) as VmcsField[]
  writeVmcs(copy, Object.fromEntries(fields.map((field) => [field, read(field)])), layout)
  return new DataView(copy.buffer)
}

const compiledFor = new WeakMap<EntryProcessor, WeakMap<VmcsLayout, CompiledEntryChecks>>()

/**
 * The processor's verdict on an entry with a VMCS: nothing where it succeeds, and else what is reported, by the first check in
 * the manual's order that fails. Controls and host state fail VMLAUNCH or VMRESUME; guest state is a failed entry, which exits.
 */
export function entryFailure(
  vmcs: Uint8Array,
  { processor, facts, layout = vmcs12Layout }: { processor: EntryProcessor; facts: EntryFacts; layout?: VmcsLayout },
): FailedEntry | undefined {
  const byLayout = compiledFor.get(processor) ?? new WeakMap<VmcsLayout, CompiledEntryChecks>()
  const compiled = byLayout.get(layout) ?? compileEntryChecks(processor, layout)
  compiledFor.set(processor, byLayout.set(layout, compiled))
  return compiled.failure(new DataView(vmcs.buffer, vmcs.byteOffset, vmcs.byteLength), facts)
}
