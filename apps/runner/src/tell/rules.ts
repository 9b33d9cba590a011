import {
  differencesBetween,
  type EntryStep,
  entryInForce,
  inForce,
  type Profile,
  tellLifetime,
  tellProfile,
} from '@vmm/rule'
import { cite } from '@vmm/source'
import { suggestion } from '../nearest.ts'
import { shown } from '../printable.ts'
import { UsageError } from '../usage-error.ts'
import { allPromises, type PackagedEntry } from './all-promises.ts'
import { profileAsked } from './asked.ts'
import { rulesData } from './rules-data.ts'
import { flagsOf, said, type Told } from './told.ts'

const flags = {
  ioctl: { type: 'string' },
  kvm: { type: 'string' },
  json: { type: 'boolean' },
  steps: { type: 'boolean' },
} as const

/** Which flags each of the commands has. */
const flagsHere: Readonly<Record<string, readonly (keyof typeof flags)[]>> = {
  '': ['ioctl', 'kvm', 'json'],
  explain: ['kvm', 'steps'],
  log: [],
  diff: [],
}

/** `vmm rules`: the promises of KVM, as a list, one by one, or as what two releases differ in. */
export function rules(args: readonly string[]): Told {
  const { values, positionals } = flagsOf('rules', args, flags)
  const [what = '', ...rest] = positionals
  const here = flagsHere[what]
  if (here === undefined) throw new UsageError(`vmm rules ${shown(what)}: expected explain, diff, log or nothing`)
  const surplus = (Object.keys(values) as (keyof typeof flags)[]).find((flag) => !here.includes(flag))
  if (surplus !== undefined)
    throw new UsageError(`vmm rules${what === '' ? '' : ` ${what}`}: --${surplus} is nothing to it`)
  const profile = values.kvm === undefined ? undefined : profileAsked('--kvm', values.kvm)
  if (what === 'explain') return said(explain(promiseAsked(rest), values.steps === true, profile))
  if (what === 'log') return said(history(promiseAsked(rest)))
  if (what === 'diff') return said(diff(rest))
  const found = chosen(values.ioctl, profile)
  return values.json === true ? said([JSON.stringify(rulesData(found), null, 2)]) : said(list(found))
}

function chosen(ioctl: string | undefined, profile: Profile | undefined): readonly PackagedEntry[] {
  const found = allPromises.filter((entry) => ioctl === undefined || isOf(entry, ioctl))
  if (found.length === 0) {
    const calls = [...new Set(allPromises.map(({ call }) => call))]
    throw new UsageError(
      `--ioctl ${shown(ioctl ?? '')}: no promise is about it${suggestion(`KVM_${ioctl?.toUpperCase().replace(/^KVM_/, '')}`, calls)}`,
    )
  }
  return profile === undefined ? found : found.filter((entry) => entryInForce(entry, profile) !== 'no')
}

/** A call by its name, with or without `KVM_`, and whatever it says in brackets of where it is asked. */
function isOf({ call }: PackagedEntry, ioctl: string): boolean {
  const plain = call.replace(/ \(.*\)$/, '')
  const asked = ioctl.toUpperCase()
  return [call, plain].some((name) => [asked, `KVM_${asked}`].includes(name.toUpperCase()))
}

function list(entries: readonly PackagedEntry[]): readonly string[] {
  const width = Math.max(...entries.map(({ id }) => id.length))
  return entries.map(
    ({ id, call, says, errno }) => `${id.padEnd(width)}  ${call}${errno === undefined ? '' : ` ${errno}`}: ${says}`,
  )
}

/** A promise, once for each call that it is part of. */
function promiseAsked([id, surplus]: readonly string[]): readonly [PackagedEntry, ...PackagedEntry[]] {
  if (id === undefined) throw new UsageError('expected the id of a promise (vmm rules lists them)')
  if (surplus !== undefined) throw new UsageError(`expected one id, got ${shown(surplus)} after it`)
  const [first, ...others] = allPromises.filter((entry) => entry.id === id)
  if (first !== undefined) return [first, ...others]
  const ids = allPromises.map((entry) => entry.id)
  throw new UsageError(`no promise is called ${shown(id)}${suggestion(id, ids)}`)
}

const evidences = {
  recorded: 'a kernel was asked, and its answer is recorded',
  source: 'the kernel’s source was read',
  mail: 'a mail or a commit message was read',
  memory: 'memory: check it before relying on it',
} as const

function explain(
  entries: readonly [PackagedEntry, ...PackagedEntry[]],
  steps: boolean,
  profile: Profile | undefined,
): readonly string[] {
  const [entry] = entries
  const { id, catalogue, says, errno, evidence } = entry
  const calls = entries.map(({ call }) => call).join(', ')
  const lines = [
    `${id} (${entry.package}${catalogue === id ? '' : `, of ${catalogue}`})`,
    `  ${calls}${errno === undefined ? '' : ` ${errno}`}: ${says}`,
    ...versions(entry),
    ...entry.sources.map((source) => `  see ${cite(source)}`),
    `  evidence: ${evidences[evidence]}`,
    ...(profile === undefined ? [] : [`  in ${tellProfile(profile)}: ${entryInForce(entry, profile)}`]),
  ]
  return steps ? [...lines, ...entries.flatMap((each) => stepsOf(each, profile))] : lines
}

function versions({ versions }: PackagedEntry): readonly string[] {
  return versions.map(({ lifetime, says, bug }) => {
    const more = [says, bug === undefined ? undefined : `a bug: ${bug}`].filter((part) => part !== undefined)
    return `  ${tellLifetime(lifetime)}${more.length === 0 ? '' : `: ${more.join('; ')}`}`
  })
}

/** The steps of a call, each with its releases; of one release, those that it may take. */
function stepsOf(entry: PackagedEntry, profile: Profile | undefined): readonly string[] {
  const all = entry.steps()
  if (all.length === 0) return [`  ${entry.call}: it stands alone`]
  const steps = profile === undefined ? all : all.filter((step) => mayStand(step, profile))
  const of = profile === undefined ? '' : ` in ${tellProfile(profile)}`
  const width = `${steps.length}`.length
  return [
    `  steps of ${entry.call}${of}:`,
    ...steps.map(
      (step, at) =>
        `  ${step.id === entry.id ? '>' : ' '} ${`${at + 1}`.padStart(width)}. ${step.id}${step.errno === undefined ? '' : ` ${step.errno}`}: ${step.says} (${releasesOf(step)})`,
    ),
  ]
}

function mayStand({ place, lifetimes }: EntryStep, profile: Profile): boolean {
  const stands = place === undefined || inForce(place, profile) !== 'no'
  return stands && lifetimes.some((lifetime) => inForce(lifetime, profile) !== 'no')
}

function releasesOf({ place, lifetimes }: EntryStep): string {
  const own = lifetimes.map(tellLifetime).join('; ')
  return place === undefined ? own : `here ${tellLifetime(place)}; ${own}`
}

function history([entry]: readonly [PackagedEntry, ...PackagedEntry[]]): readonly string[] {
  const { id, says, errata = [] } = entry
  const told = entry.versions.flatMap(({ lifetime, says: particular, bug, sources = [] }, at) => [
    `  version ${at + 1}: ${tellLifetime(lifetime)}${particular === undefined ? '' : `: ${particular}`}`,
    ...(bug === undefined ? [] : [`    a bug: ${bug}`]),
    ...sources.map((source) => `    see ${cite(source)}`),
  ])
  return [`${id}: ${says}`, ...told, ...errata.map((erratum) => `  corrected: ${erratum}`)]
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
  const count = found.length === 1 ? '1 difference' : `${found.length} differences`
  return [`${tellProfile(before)} to ${tellProfile(after)}: ${count}`, ...lines]
}
