import { withScratch } from '@vmm/scratch'
import { excused } from './excused.rows.ts'
import { aboutOf, isKnownAs, keep, type Recorded, type Subject, subjects } from './kept.ts'
import { type Machine, Missing, playBochs, playDebian, playLive, playVmm } from './machines.ts'
import { playOurs } from './play-ours.ts'
import { type Answers, answersOf } from './recording.ts'
import type { Scenario } from './scenario.ts'
import { type Printed, readPrinted, scriptOf } from './script.ts'

/** What `pnpm judge kernel` is told. */
export interface KernelOptions {
  /** `live`, or a series of Debian's kernels: under QEMU, under a Bochs processor, or in a guest of our own with VMX. */
  readonly on:
    | { readonly kind: 'live' }
    | { readonly kind: 'debian' | 'bochs' | 'vmm'; readonly series: string; readonly model: string }
  readonly record: boolean
  /** Beginnings of the names of subjects, or of scenarios, between commas. */
  readonly only?: string
}

/** Asks a real kernel what the scenarios ask, and compares with ours or records it; answers the exit code. */
export function judgeKernel({ on, record, only = '' }: KernelOptions): number {
  try {
    return withScratch('judge-kernel', (place) => {
      const asked = chosen(only, on.kind)
      const script = scriptOf(asked.flatMap(({ scenarios }) => scenarios))
        .lines.join('\n')
        .concat('\n')
      const machine = play(on, script, place)
      const printed = readPrinted(machine.printed)
      const about = aboutText(machine, printed)
      const name = nameOf(about, on)
      return record
        ? recordAll(asked, machine, printed, { name, about, whole: only === '' })
        : compareAll(asked, printed, { name, ...aboutOf(about) })
    })
  } catch (error) {
    if (!(error instanceof Missing)) throw error
    console.error(`judge: ${error.message}`)
    return 2
  }
}

function play(on: KernelOptions['on'], script: string, place: string): Machine {
  if (on.kind === 'live') return playLive(script, place)
  if (on.kind === 'vmm') return playVmm(on.series, script, place)
  return on.kind === 'debian' ? playDebian(on.series, script, place) : playBochs(on.series, on.model, script, place)
}

const moduleOn = { live: undefined, debian: 'amd', bochs: 'intel', vmm: 'intel' } as const

function chosen(only: string, kind: KernelOptions['on']['kind']): readonly Subject[] {
  const wanted = (subject: string, { name, runs, of }: Scenario) =>
    (kind !== 'live' || !runs) &&
    (of === 'any' || of === moduleOn[kind]) &&
    only.split(',').some((each) => subject.startsWith(each) || name.startsWith(each))
  return subjects()
    .map(({ name, scenarios }) => ({ name, scenarios: scenarios.filter((scenario) => wanted(name, scenario)) }))
    .filter(({ scenarios }) => scenarios.length > 0)
}

/** The release of a kernel that names itself `6.12.117+deb12-cloud-amd64`, or `6.1.0-56-cloud-amd64` in a package 6.1.192-2. */
function releaseOf({ package: from }: Machine, { release }: Printed): string {
  const packaged = /^Debian \S+ (\d+\.\d+\.\d+)/.exec(from)?.[1]
  return packaged ?? /^\d+\.\d+\.\d+/.exec(release)?.[0] ?? release
}

/** What a recording says of the machine that was asked. */
function aboutText(machine: Machine, printed: Printed): string {
  const modules = printed.machine.filter((line) => line.startsWith('module ')).map((line) => line.slice(7))
  const of = (what: string) => printed.machine.filter((line) => line.startsWith(`${what} `))
  const cpuinfo = of('cpuinfo').map((line) => line.slice(8).replace(/\s*:\s*/, ' '))
  return [
    `# kernel ${releaseOf(machine, printed)}`,
    `# package ${machine.package}`,
    `# vendor module ${modules.find((name) => name !== 'kvm') ?? 'unknown'}`,
    `# machine ${machine.processor}`,
    ...cpuinfo.map((line) => `# ${line}`),
    '',
    ...machine.kconfig,
    '',
    ...of('parameter').sort(),
    '',
    '== cpuid',
    ...of('cpuid').map((line) => line.slice(6)),
    '',
  ].join('\n')
}

/** What recordings of a machine are called: its module, release and processor. */
function nameOf(about: string, on: KernelOptions['on']): string {
  const { release, vendorModule } = aboutOf(about)
  const processor = {
    live: () => '',
    debian: () => '-max',
    vmm: () => '-vmm',
    bochs: (model: string) => `-${model.replace(/^corei7_/, '').replaceAll('_', '-')}`,
  }
  return `${vendorModule}-${release}${processor[on.kind]('model' in on ? on.model : '')}`
}

function recordAll(
  asked: readonly Subject[],
  machine: Machine,
  printed: Printed,
  { name, about, whole }: { readonly name: string; readonly about: string; readonly whole: boolean },
): number {
  if (!whole && !isKnownAs(name, about))
    throw new Missing(`${name} is recorded of a machine that says something else of itself: ask it everything`)
  const answered = asked.map(({ name: subject, scenarios }) => ({ subject, answers: answersOf(scenarios, printed) }))
  for (const each of answered) keep({ machine: name, about, ...each })
  const count = asked.reduce((sum, { scenarios }) => sum + scenarios.length, 0)
  console.log(
    `${name} (${machine.package}) answered ${count} scenarios about ${asked.map(({ name }) => name).join(', ')}`,
  )
  return 0
}

function compareAll(
  asked: readonly Subject[],
  printed: Printed,
  machine: Pick<Recorded, 'name' | 'release' | 'host'>,
): number {
  let differing = 0
  for (const { name, scenarios } of asked) {
    const answers = answersOf(scenarios, printed)
    for (const scenario of scenarios) {
      const told = differencesIn(scenario, answers, machine)
      if (told.length > 0) console.log([`${name}: ${scenario.name}`, ...told.map(tellDifference)].join('\n'))
      if (told.length > 0) differing++
    }
  }
  const count = asked.reduce((sum, { scenarios }) => sum + scenarios.length, 0)
  console.log(`${count - differing} of ${count} scenarios are answered alike`)
  return differing === 0 ? 0 : 1
}

/** A step that two kernels answer differently. */
export interface Difference {
  /** Which of the scenario's steps, from 1. */
  readonly number: number
  readonly step: string
  readonly theirs: string
  readonly ours: string
  /** The rule that refused it here. */
  readonly rule: string | undefined
}

/** What a machine and ours answered differently to a scenario, but for what is excused. */
export function differencesIn(
  scenario: Scenario,
  answers: Answers,
  machine: Pick<Recorded, 'name' | 'release' | 'host'>,
): readonly Difference[] {
  const recorded = answers.get(scenario.name) ?? []
  const reasons = excused.filter((each) => each.scenario.test(scenario.name) && each.machine.test(machine.name))
  const { told, refusedBy } = playOurs(machine, scenario)
  return scenario.steps.flatMap((step, nth) => {
    const [ours = '', theirs = 'nothing'] = [told[nth], recorded[nth]?.answer]
    if (ours === theirs || reasons.some((each) => each.step.test(`${step} → ${theirs}`))) return []
    return [{ number: nth + 1, step, theirs, ours, rule: refusedBy[nth] }]
  })
}

function tellDifference({ number, step, theirs, ours, rule }: Difference): string {
  return `  ${number}. ${step}\n     theirs ${theirs}\n     ours   ${ours}${rule === undefined ? '' : ` (${rule})`}`
}
