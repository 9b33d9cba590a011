import { reports } from '@vmm/cpuid'
import { lifetimeJson, lifetimeSchema, sourceJson, sourceSchema } from '../lifetime-json.ts'
import { arrayOf, oneOf, record, text } from '../schema.ts'
import type { Table } from '../table.ts'

/** What KVM_GET_SUPPORTED_CPUID reports. */
export const reportTable: Table = {
  folder: 'packages/abi/cpuid',
  name: 'reports',
  says: 'Which features KVM_GET_SUPPORTED_CPUID reports; one with several rows is reported by any of them, one with none never.',
  row: record({
    feature: text('the name of a field in leaves.json'),
    how: oneOf(
      ['host', 'hardware', 'set'],
      'the hardware has it and the kernel uses it; the hardware has it; KVM sets it whatever the hardware has',
    ),
    'only?': oneOf(['kvm_intel', 'kvm_amd'], 'the one vendor module that does so'),
    'when?': arrayOf(text(), 'what must also be so on the host'),
    'param?': text('the module parameter that can turn it off'),
    lifetime: lifetimeSchema,
    source: sourceSchema,
  }),
  rows: () =>
    reports.map(({ lifetime, source, ...row }) => ({
      ...row,
      lifetime: lifetimeJson(lifetime),
      source: sourceJson(source),
    })),
}
