import { differencesBetween, entryInForce, tellLifetime, tellProfile } from '@vmm/rule'
import { cite } from '@vmm/source'
import { suggestion } from '../nearest.ts'
import { shown } from '../printable.ts'
import { UsageError } from '../usage-error.ts'
import { allPromises, type PackagedEntry } from './all-promises.ts'
import { profileAsked } from './asked.ts'
import { flagsOf, said, type Told } from './told.ts'

const flags = {
  ioctl: { type: 'string' },
  kvm: { type: 'string' },
  json: { type: 'boolean' },
  steps: { type: 'boolean' },
} as const

/** `vmm rules`: the promises of KVM, as a list, one by one, or as what two releases differ in. */
export function rules(args: readonly string[]): Told {
  const { values, positionals } = flagsOf('rules', args, flags)
  const [what, ...rest] = positionals
  if (what === undefined) return list(chosen(values.ioctl, values.kvm), values.json === true)
  if (what === 'explain') return said(explain(promiseAsked(rest), values.steps === true))
  if (what === 'log') return said(history(promiseAsked(rest)))
  if (what === 'diff') return said(diff(rest))
  throw new UsageError(`vmm rules ${shown(what)}: expected explain, diff, log or nothing`)
}

function chosen(ioctl: string | undefined, release: string | undefined): readonly PackagedEntry[] {
  const profile = release === undefined ? undefined : profileAsked('--kvm', release)
  const found = allPromises.filter((entry) => ioctl === undefined || isOf(entry, ioctl))
  if (found.length === 0) {
    const calls = [...new Set(allPromises.map(({ call }) => call))]
    throw new UsageError(`--ioctl ${shown(ioctl ?? '')}: no promise is about it${suggestion(`KVM_${ioctl}`, calls)}`)
  }
  return profile === undefined ? found : found.filter((entry) => entryInForce(entry, profile) !== 'no')
}

/** A call by its name, with or without `KVM_`. */
function isOf({ call }: PackagedEntry, ioctl: string): boolean {
  return call === ioctl || call === `KVM_${ioctl}`
}

function list(entries: readonly PackagedEntry[], json: boolean): Told {
  if (json) return said([JSON.stringify(entries.map(asData), null, 2)])
  const width = Math.max(...entries.map(({ id }) => id.length))
  return said(
    entries.map(
      ({ id, call, says, errno }) => `${id.padEnd(width)}  ${call}${errno === undefined ? '' : ` ${errno}`}: ${says}`,
    ),
  )
}

/** A promise as programs in other languages read it. */
function asData(entry: PackagedEntry) {
  const { id, catalogue, call, kind, says, errno, sources, evidence } = entry
  const lifetimes = entry.lifetimes.map((lifetime) => ({ ...lifetime, says: tellLifetime(lifetime) }))
  const told = { ioctl: call, kind, says, lifetimes, ...(errno === undefined ? {} : { errno }) }
  return { id, catalogue, package: entry.package, ...told, sources: sources.map(cite), evidence }
}

function promiseAsked([id, surplus]: readonly string[]): PackagedEntry {
  if (id === undefined) throw new UsageError('expected the id of a promise (vmm rules lists them)')
  if (surplus !== undefined) throw new UsageError(`expected one id, got ${shown(surplus)} after it`)
  const found = allPromises.find((entry) => entry.id === id)
  if (found !== undefined) return found
  const ids = allPromises.map((entry) => entry.id)
  throw new UsageError(`no promise is called ${shown(id)}${suggestion(id, ids)}`)
}

const evidences = {
  recorded: 'a kernel was asked, and its answer is recorded',
  source: 'the kernel’s source was read',
  mail: 'a mail or a commit message was read',
  memory: 'memory: check it before relying on it',
} as const

function explain(entry: PackagedEntry, steps: boolean): readonly string[] {
  const { id, call, says, errno, evidence } = entry
  const lines = [
    `${id} (${entry.package})`,
    `  ${call}${errno === undefined ? '' : ` ${errno}`}: ${says}`,
    ...entry.lifetimes.map((lifetime) => `  ${tellLifetime(lifetime)}`),
    ...entry.sources.map((source) => `  see ${cite(source)}`),
    `  evidence: ${evidences[evidence]}`,
  ]
  return steps ? [...lines, `  steps of ${call}:`, ...stepsOf(entry)] : lines
}

function stepsOf({ call, id }: PackagedEntry): readonly string[] {
  const steps = allPromises.filter((entry) => entry.call === call)
  return steps.map((entry, at) => `  ${entry.id === id ? '>' : ' '} ${at + 1}. ${entry.id}: ${entry.says}`)
}

function history({ id, lifetimes, says }: PackagedEntry): readonly string[] {
  return [`${id}: ${says}`, ...lifetimes.map((lifetime, at) => `  version ${at + 1}: ${tellLifetime(lifetime)}`)]
}

function diff([from, to, surplus]: readonly string[]): readonly string[] {
  if (from === undefined || to === undefined || surplus !== undefined) {
    throw new UsageError('vmm rules diff: expected two releases, such as 5.10 6.12')
  }
  const [before, after] = [profileAsked('diff', from), profileAsked('diff', to)]
  const once = allPromises.filter(({ id }, at) => allPromises.findIndex((entry) => entry.id === id) === at)
  const found = differencesBetween(once, before, after)
  const words = { begins: '+', ends: '-', changes: '~', unread: '?' } as const
  const lines = found.map(({ entry, change }) => `${words[change]} ${entry.id}: ${entry.says}`)
  return [`${tellProfile(before)} to ${tellProfile(after)}: ${found.length} differences`, ...lines]
}
