import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type Host, readHost } from '@vmm/cpuid'
import { type Answers, mergedAnswers, readAnswers, textOf } from './recording.ts'
import { type Scenario, scenariosIn } from './scenario.ts'

/** Where scenarios are, and what kernels answered to them. */
const folder = new URL('../../../../packages/machine/kvm/cases/kernel/', import.meta.url)
const answersFolder = new URL('answers/', folder)

/** Scenarios about one subject: a file of them. */
export interface Subject {
  readonly name: string
  readonly scenarios: readonly Scenario[]
}

/**
 * What is asked, by subject.
 * @throws {RangeError} if two scenarios have one name: a machine tells what it answers by their names.
 */
export function subjects(): readonly Subject[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))
  const before = readFileSync(new URL('words/words.txt', folder), 'utf8')
  const all = files.sort().map((file) => ({
    name: basename(file, '.txt'),
    scenarios: scenariosIn(`${before}\n${readFileSync(new URL(file, folder), 'utf8')}`),
  }))
  const names = all.flatMap(({ scenarios }) => scenarios.map(({ name }) => name))
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new RangeError(`two subjects have a scenario ${twice}`)
  return all
}

/** A machine that was asked. */
export interface Recorded {
  /** The module that drives the processor, the release, and the processor. */
  readonly name: string
  readonly release: string
  readonly vendorModule: string
  /** The machine as a host: what our kernel is given to run on. */
  readonly host: Host
  /** What it answered, by subject. */
  readonly answers: ReadonlyMap<string, Answers>
}

/** The machines that were asked, with what they answered. */
export function recorded(): readonly Recorded[] {
  if (!existsSync(answersFolder)) return []
  return readdirSync(answersFolder)
    .sort()
    .map((name) => {
      const place = new URL(`${name}/`, answersFolder)
      const files = readdirSync(place).filter((file) => file !== 'machine.txt')
      const told = (file: string) => readFileSync(new URL(file, place), 'utf8')
      const about = aboutOf(told('machine.txt'))
      return {
        name,
        ...about,
        answers: new Map(files.map((file) => [basename(file, '.txt'), readAnswers(told(file))])),
      }
    })
}

/** A machine, of what the recording says of it. */
export function aboutOf(text: string): Pick<Recorded, 'release' | 'vendorModule' | 'host'> {
  const named = (what: string) => new RegExp(`^# ${what} (.*)$`, 'm').exec(text)?.[1] ?? ''
  const [, dump = ''] = text.split(/^== cpuid$/m)
  const vendorModule = named('vendor module')
  const params = Object.fromEntries(
    [...text.matchAll(/^parameter (\S+) (\S+)$/gm)].flatMap(([, name = '', value = '']) => {
      const number = { Y: 1, N: 0 }[value] ?? Number(value)
      return Number.isNaN(number) ? [] : [[name, number] as const]
    }),
  )
  const unset = [...text.matchAll(/^# (CONFIG_\w+) is not set$/gm)].map(([, name = '']) => [name, false] as const)
  const set = [...text.matchAll(/^(CONFIG_\w+)=(\w+)$/gm)].map(
    ([, name = '', value = '']) => [name, setting(value)] as const,
  )
  // an option that depends on what is not set is not even listed
  const unlisted = [['CONFIG_X86_SGX_KVM', false] as const]
  const kconfig = Object.fromEntries<boolean | number>([...unlisted, ...unset, ...set])
  const host = readHost(dump, { vendorModule: vendorModule as Host['vendorModule'], params, kconfig })
  return { release: named('kernel'), vendorModule, host }
}

/** What an option is set to: built in, a module, or a number. */
function setting(value: string): boolean | number {
  return /^\d+$/.test(value) ? Number(value) : value === 'y' || value === 'm'
}

/** What a machine answered to scenarios of a subject. */
export interface Asked {
  readonly machine: string
  /** What the recording says of the machine. */
  readonly about: string
  /** The subject's name. */
  readonly subject: string
  readonly answers: Answers
}

/** Whether what is recorded under a machine's name was answered by one that says the same of itself, or nothing is. */
export function isKnownAs(machine: string, about: string, into: URL = answersFolder): boolean {
  const file = new URL(`${machine}/machine.txt`, into)
  return !existsSync(file) || readFileSync(file, 'utf8') === about
}

/** Writes what a machine answered; what it was not asked again stays, as long as a scenario asks it. */
export function keep({ machine, about, subject, answers }: Asked, into: URL = answersFolder): void {
  const place = new URL(`${machine}/`, into)
  const file = new URL(`${subject}.txt`, place)
  const known: Answers = existsSync(file) ? readAnswers(readFileSync(file, 'utf8')) : new Map()
  const scenarios = subjects().find(({ name }) => name === subject)?.scenarios ?? []
  mkdirSync(place, { recursive: true })
  writeFileSync(new URL('machine.txt', place), about)
  writeFileSync(file, textOf(scenarios, mergedAnswers(known, answers)))
}
