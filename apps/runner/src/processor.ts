import { type BuiltTable, buildTable, parseCpu } from '@vmm/cpuid'
import { UsageError } from './usage-error.ts'

/** Guest nanoseconds that one instruction lasts: the machine's clock is its instruction count. */
export const nanosecondsPerInstruction = 1
export const tscHz = 1e9 / nanosecondsPerInstruction
export const physicalAddressWidth = 46

/**
 * The processor that `--cpu MODEL,+feature,-feature` asks for, as its CPUID table: its clocks are the machine's.
 * @throws {UsageError}
 */
export function processorNamed(text: string): BuiltTable {
  const cpu = parseCpu(text)
  if (cpu.kind === 'refused') throw new UsageError(`--cpu: ${cpu.says}`)
  const { model, features } = cpu
  const table = buildTable({ model, features, tscKhz: tscHz / 1000, crystalHz: tscHz, physicalAddressWidth })
  if (table.kind === 'refused') throw new UsageError(`--cpu: ${table.says}`)
  return table
}
