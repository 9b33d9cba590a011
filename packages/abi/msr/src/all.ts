import { amdMsrs } from './amd.rows.ts'
import { apicMsrs } from './apic.rows.ts'
import { debugMsrs } from './debug.rows.ts'
import { extendedStateMsrs } from './extended-state.rows.ts'
import { hyperVMsrs } from './hyper-v.rows.ts'
import { kvmMsrs } from './kvm.rows.ts'
import { machineCheckMsrs } from './machine-check.rows.ts'
import { memoryTypeMsrs } from './memory-type.rows.ts'
import type { Msr } from './msr.ts'
import { perfmonMsrs } from './perfmon.rows.ts'
import { platformMsrs } from './platform.rows.ts'
import { speculationMsrs } from './speculation.rows.ts'
import { systemCallMsrs } from './system-call.rows.ts'
import { timeMsrs } from './time.rows.ts'
import { traceMsrs } from './trace.rows.ts'
import { vmxMsrs } from './vmx.rows.ts'

/** Every MSR the house knows, once, by index. */
export const msrs: readonly Msr[] = [
  ...platformMsrs,
  ...timeMsrs,
  ...apicMsrs,
  ...speculationMsrs,
  ...perfmonMsrs,
  ...machineCheckMsrs,
  ...debugMsrs,
  ...memoryTypeMsrs,
  ...extendedStateMsrs,
  ...systemCallMsrs,
  ...traceMsrs,
  ...vmxMsrs,
  ...kvmMsrs,
  ...hyperVMsrs,
  ...amdMsrs,
].sort((a, b) => a.index - b.index)

const byIndex: ReadonlyMap<number, Msr> = new Map(
  msrs.flatMap((msr) =>
    Array.from({ length: msr.last - msr.index + 1 }, (_, offset): [number, Msr] => [msr.index + offset, msr]),
  ),
)

/** The row that describes this index (unsigned 32 bits), or `undefined` when nobody knows it. */
export function msrAt(index: number): Msr | undefined {
  return byIndex.get(index >>> 0)
}
