import { type EntryReport, entryChecks, kvmChecks, type NamedKvmCheck } from '@vmm/nested-vmx'
import { tellLifetime } from '@vmm/rule'
import { cite } from '@vmm/source'
import { sourceJson, sourceSchema } from '../lifetime-json.ts'
import { arrayOf, record, text } from '../schema.ts'
import type { Table } from '../table.ts'

/** The checks of the manual that an entry makes of a VMCS. */
export const entryCheckTable: Table = {
  folder: 'packages/abi/nested-vmx',
  name: 'entry-checks',
  says: 'What the manual says that a processor checks of a VMCS when it enters a guest, in its order.',
  row: record({
    id: text('its own name'),
    says: text(),
    reports: text('what is reported where it fails'),
    kvm: arrayOf(text(), 'checks of KVM that find the same, or some of it'),
    source: sourceSchema,
  }),
  rows: () =>
    entryChecks.map(({ id, says, reports, kvm = [], source }) => ({
      id,
      says,
      reports: tellReport(reports),
      kvm,
      source: sourceJson(source),
    })),
}

/** Where the page of checks is. */
export const checksPage = 'packages/abi/nested-vmx/CHECKS.md'

/** What a processor checks of a VMCS and KVM does not, what both do, and what only KVM does: a page for people. */
export function checksText(): string {
  const linked = new Set<string>(entryChecks.flatMap(({ kvm = [] }) => kvm))
  const alone = entryChecks.filter(({ kvm = [] }) => kvm.length === 0)
  const both = entryChecks.filter(({ kvm = [] }) => kvm.length > 0)
  const own = kvmChecks.filter(({ id }) => !linked.has(id))
  const partly = kvmChecks.filter(({ id, lifetime }) => linked.has(id) && tellLifetime(lifetime) !== everywhere)
  const rows = (these: typeof entryChecks, more: (row: (typeof entryChecks)[number]) => string) =>
    these.map((row) => `| \`${row.id}\` | ${row.says} | ${more(row)} |`)
  return [
    '# What is checked of a VMCS, and by whom\n',
    `A processor makes ${entryChecks.length} checks of a VMCS before a guest runs, as the manual has them. KVM makes ${kvmChecks.length} of its own of the VMCS of a`,
    `hypervisor in the guest, which find ${both.length} of those, all or some of each. ${alone.length} it does not make: those of guest state the processor makes`,
    'when KVM enters with that state, and the guest’s hypervisor sees a failed entry then, too; those of controls that KVM does not',
    'have are refused with the controls, by the capability MSRs. Written by `pnpm data`.\n',
    '## Checks that KVM does not make\n',
    '| check | what | reports | source |\n|---|---|---|---|',
    ...rows(alone, ({ reports, source }) => `${tellReport(reports)} | ${cite(source)}`),
    '\n## Checks that both make\n',
    '| check | what | reports | of KVM |\n|---|---|---|---|',
    ...rows(both, ({ reports, kvm = [] }) => `${tellReport(reports)} | ${kvm.map((id) => `\`${id}\``).join(', ')}`),
    '\n## Checks of KVM that some releases do not make\n',
    '| check of KVM | what | releases |\n|---|---|---|',
    ...partly.map(kvmRow),
    '\n## Checks that only KVM makes\n',
    '| check of KVM | what | releases |\n|---|---|---|',
    ...own.map(kvmRow),
    '',
  ].join('\n')
}

const everywhere = 'in every release'

function kvmRow({ id, says, lifetime }: NamedKvmCheck): string {
  return `| \`${id}\` | ${says} | ${tellLifetime(lifetime)} |`
}

function tellReport(reports: EntryReport): string {
  return reports.kind === 'vmfail' ? `VMfail ${reports.error}` : `exit 33, qualification ${reports.qualification}`
}
