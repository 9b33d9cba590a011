import type { VmcsValues } from '../vmcs/vmcs-layout.ts'
import type { NamedEntryCheck } from './all.ts'
import type { EntryFacts, EntryProcessor } from './entry-processor.ts'
import { soundFacts, soundVmcs, wholeProcessor } from './sound-vmcs.ts'

/** One side of a check's witness. */
export interface EntryCase {
  readonly values: VmcsValues
  readonly processor: EntryProcessor
  readonly facts: EntryFacts
}

/** Both sides of every witness of a check. */
export function witnessesOf({ witness }: NamedEntryCheck): readonly { broken: EntryCase; mended: EntryCase }[] {
  const { from = 'long', processor, facts, breaks } = witness
  const around = { processor: lacking(processor?.without), facts: { ...soundFacts(from), ...facts } }
  return breaks.map(([broken, mended]) => ({
    broken: { ...around, values: { ...soundVmcs[from], ...broken } },
    mended: { ...around, values: { ...soundVmcs[from], ...broken, ...mended } },
  }))
}

function lacking(without: readonly [keyof EntryProcessor['vmx'], bigint] | undefined): EntryProcessor {
  if (without === undefined) return wholeProcessor
  const [msr, bits] = without
  return { ...wholeProcessor, vmx: { ...wholeProcessor.vmx, [msr]: (wholeProcessor.vmx[msr] ?? 0n) & ~bits } }
}
