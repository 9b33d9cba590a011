import type { L2Entry, VmcsCheck } from '../../checks/vmcs-check.ts'

/** Whether any of some rows of checks that hold in every release fails. */
export function anyFails(rows: Readonly<Record<string, VmcsCheck>>, entry: L2Entry): boolean {
  return Object.values(rows).some(({ lifetime, fails }) => lifetime === undefined && fails(entry))
}
