import { leafTable } from './cpuid/leaves.ts'
import { reportTable } from './cpuid/reports.ts'
import { capabilityTable, constantTable, quirkTable } from './kvm-uapi/capabilities.ts'
import { exitTable, ioctlTable } from './kvm-uapi/ioctls.ts'
import { structTable } from './kvm-uapi/structs.ts'
import { listTable } from './msr/lists.ts'
import { registerTable } from './msr/registers.ts'
import { entryCheckTable } from './nested-vmx/entry-checks.ts'
import { fieldTable } from './nested-vmx/fields.ts'
import { promiseTables } from './promises.ts'
import type { Table } from './table.ts'
import { coverageTable } from './x86-decoder/coverage.ts'

/** Every table that a package ships as JSON. */
export const tables: readonly Table[] = [
  ioctlTable,
  structTable,
  exitTable,
  capabilityTable,
  constantTable,
  quirkTable,
  leafTable,
  reportTable,
  registerTable,
  listTable,
  fieldTable,
  entryCheckTable,
  coverageTable,
  ...promiseTables,
]
