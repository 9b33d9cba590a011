import { cpuidPromises } from '@vmm/cpuid'
import { hypercallPromises } from '@vmm/hypercall'
import { kvmPromises } from '@vmm/kvm'
import { msrPromises } from '@vmm/msr'
import { nestedPromises } from '@vmm/nested-vmx'
import { type Entry, tellLifetime } from '@vmm/rule'
import { sgxPromises } from '@vmm/sgx'
import { cite } from '@vmm/source'
import { vcpuPromises } from '@vmm/vcpu'
import { catalogueText, unrecordedText } from './catalogue.ts'
import { evidenceSchema, lifetimeJson, lifetimeSchema, sourceJson, sourceSchema } from './lifetime-json.ts'
import { arrayOf, oneOf, record, text } from './schema.ts'
import type { Table } from './table.ts'

/** The packages that promise something, each with its list. */
const lists = [
  ['packages/abi/cpuid', cpuidPromises],
  ['packages/abi/msr', msrPromises],
  ['packages/abi/hypercall', hypercallPromises],
  ['packages/abi/nested-vmx', nestedPromises],
  ['packages/abi/sgx', sgxPromises],
  ['packages/abi/vcpu', vcpuPromises],
  ['packages/machine/kvm', kvmPromises],
] as const satisfies readonly (readonly [string, readonly Entry[]])[]

const row = record({
  id: text('its own name, never reused'),
  catalogue: text('the entry of the catalogue that it belongs to'),
  kind: oneOf(['rule', 'behaviour'], 'a rule refuses, a behaviour does'),
  calls: arrayOf(text(), 'the calls that it is part of'),
  says: text(),
  'errno?': text('what the call fails with'),
  lifetimes: arrayOf(lifetimeSchema, 'of a rule, or of each version of a behaviour'),
  evidence: evidenceSchema,
  sources: arrayOf(sourceSchema),
})

/** The promises of each package as rows. */
export const promiseTables: readonly Table[] = lists.map(([folder, entries]) => ({
  folder,
  name: 'promises',
  says: 'What KVM promises its users, with the releases over which each promise holds.',
  row,
  rows: () => once(entries).map((entry) => asRow(entry, entries)),
}))

/** Every promise there is, each once in its package. */
export const allPromises: readonly Entry[] = lists.flatMap(([, entries]) => once(entries))

function asRow(entry: Entry, entries: readonly Entry[]): object {
  const { id, catalogue, kind, says, errno, evidence } = entry
  return {
    id,
    catalogue,
    kind,
    calls: callsOf(entry, entries),
    says,
    ...(errno === undefined ? {} : { errno }),
    lifetimes: entry.lifetimes.map(lifetimeJson),
    evidence,
    sources: entry.sources.map(sourceJson),
  }
}

/** Each promise once: several calls may share it. */
function once(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(({ id }, at) => entries.findIndex((entry) => entry.id === id) === at)
}

function callsOf({ id }: Entry, entries: readonly Entry[]): readonly string[] {
  return [...new Set(entries.filter((entry) => entry.id === id).map(({ call }) => call))]
}

/** Where the page of all promises is. */
export const promisesPage = 'packages/machine/kvm/PROMISES.md'

/** Every promise there is, on one page for people. */
export function promisesText(): string {
  const parts = lists.map(([folder, entries]) => {
    const rows = once(entries).map((entry) => `| \`${entry.id}\` | ${cellsOf(entry, entries).join(' | ')} |`)
    return [
      `## ${folder}`,
      '',
      '| promise | call | what | releases | how it is known |',
      '|---|---|---|---|---|',
      ...rows,
    ].join('\n')
  })
  const counts = (['recorded', 'source', 'mail', 'memory'] as const).map(
    (evidence) => `${allPromises.filter((entry) => entry.evidence === evidence).length} ${evidences[evidence]}`,
  )
  const about = `${allPromises.length} promises: ${counts.join(', ')}. \`vmm rules explain ID\` tells more of each. Written by \`pnpm data\`.`
  const entries = new Set(allPromises.map(({ catalogue }) => catalogue))
  const ofCatalogue = `They belong to ${entries.size} entries of the catalogue, of which ${recordedEntries().size} have a recorded answer; why the others have none is told at the end.`
  const pages = [`${about} ${ofCatalogue}`, ...parts, ...catalogueText(), ...unrecordedText()]
  return `${['# What KVM promises', ...pages].join('\n\n')}\n`
}

/** Entries of the catalogue of which a kernel's answer is recorded. */
export const recordedEntries = (): ReadonlySet<string> =>
  new Set(allPromises.filter(({ evidence }) => evidence === 'recorded').map(({ catalogue }) => catalogue))

const evidences = {
  recorded: 'with a recorded answer of a kernel',
  source: 'read in its source',
  mail: 'read in mails or commit messages',
  memory: 'from memory, to be checked',
} as const

function cellsOf(entry: Entry, entries: readonly Entry[]): readonly string[] {
  const { says, errno, lifetimes, sources, evidence } = entry
  const what = errno === undefined ? says : `${errno}: ${says}`
  const known = `${evidence}: ${cite(sources[0])}`
  const cells = [callsOf(entry, entries).join(', '), what, lifetimes.map(tellLifetime).join('; '), known]
  return cells.map((cell) => cell.replaceAll('|', '\\|'))
}
