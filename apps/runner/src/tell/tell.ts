import type { TellCommand } from '../command-line.ts'
import { check } from './check.ts'
import { cpuid } from './cpuid.ts'
import { msr } from './msr.ts'
import { rules } from './rules.ts'
import type { Told } from './told.ts'
import { vmcs } from './vmcs.ts'

/** The commands that tell something, by name. */
export const tellers: Readonly<Record<TellCommand, (args: readonly string[]) => Told>> = {
  rules,
  cpuid,
  msr,
  check,
  vmcs,
}
