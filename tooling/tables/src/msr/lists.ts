import { listRows } from '@vmm/msr'
import { lifetimeJson, lifetimeSchema, sourceJson, sourceSchema } from '../lifetime-json.ts'
import { arrayOf, hex, oneOf, record, text } from '../schema.ts'
import type { Table } from '../table.ts'

/** What KVM lists of the registers. */
export const listTable: Table = {
  folder: 'packages/abi/msr',
  name: 'lists',
  says: 'The registers that KVM_GET_MSR_INDEX_LIST and KVM_GET_MSR_FEATURE_INDEX_LIST list, in the kernel’s order.',
  row: record({
    part: oneOf(
      ['saved', 'perfmon', 'dynamic', 'emulated', 'VMX features', 'features'],
      'of which list: the last two are of feature MSRs',
    ),
    indexes: arrayOf(hex),
    'when?': text('what the host must be or have'),
    lifetime: lifetimeSchema,
    source: sourceSchema,
  }),
  rows: () =>
    listRows.map(({ part, indexes, when, lifetime, source }) => ({
      part,
      indexes: indexes.map((index) => `0x${index.toString(16)}`),
      ...(when === undefined ? {} : { when }),
      lifetime: lifetimeJson(lifetime),
      source: sourceJson(source),
    })),
}
