import * as capabilityArguments from './capability-arguments.rows.ts'
import type { ConstantSet } from './constants.ts'
import * as layout from './layout.rows.ts'
import * as machine from './machine.rows.ts'
import * as run from './run.rows.ts'
import * as state from './state.rows.ts'

/** Every set of flags and values of KVM's interface on x86, but for capabilities, exit reasons and quirks. */
export const constantSets: readonly ConstantSet[] = [state, machine, run, capabilityArguments, layout].flatMap(
  (family): readonly ConstantSet[] => Object.values(family),
)
