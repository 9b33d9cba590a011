/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs'
import { hostNamed } from '@vmm/cpu-models'
import type { Host } from '@vmm/cpuid'
import { describe, expect, test } from 'vitest'
import { memoryPromises } from '../src/memory/memory-promises.ts'
import { MemoryPlayer } from './memory-player.ts'

interface Scenario {
  readonly name: string
  readonly type: bigint
  readonly steps: readonly string[]
}

const folder = new URL('../cases/memory-calls/', import.meta.url)
const textOf = (name: string) => readFileSync(new URL(name, folder), 'utf8')

function scenariosIn(text: string): readonly Scenario[] {
  return text
    .split(/^= /m)
    .slice(1)
    .map((block) => {
      const [head = '', ...lines] = block.split('\n')
      const [name = '', type = '0'] = head.split(' ')
      return { name, type: type === 'none' ? 0n : BigInt(type), steps: lines.filter((line) => line !== '') }
    })
}

const found = hostNamed('genoa')
if (found.kind !== 'host') throw new Error(found.says)
const genoa = found.host
/** The machines that were asked, as far as answers go by them. */
const hosts: Readonly<Record<string, Host>> = {
  kvm_amd: { ...genoa, physicalAddressWidth: 40 },
  kvm_pvm: {
    ...genoa,
    kconfig: { ...genoa.kconfig, CONFIG_KVM_SMM: false },
    params: { ...genoa.params, 'kvm_amd.npt': 0 },
    cleared: new Set([...genoa.cleared, 'LA57']),
  },
}

const recordings = readdirSync(folder)
  .filter((name) => name.startsWith('kvm_'))
  .map((name) => {
    const text = textOf(name)
    const kernel = /^# kernel (.*)$/m.exec(text)?.[1] ?? ''
    const host = hosts[/^# vendor module (.*)$/m.exec(text)?.[1] ?? ''] ?? genoa
    return { name, kernel, host, answers: new Map(scenariosIn(text).map((each) => [each.name, each.steps])) }
  })

/** Steps that are not held against us, by scenario and recording; and why. */
const unjudged: readonly {
  readonly scenario: RegExp
  readonly step: RegExp
  readonly of: RegExp
  readonly because: string
}[] = [
  {
    scenario: /^vcpu-mmap/,
    step: /exec$/,
    of: /kvm_pvm/,
    because: 'files of its kernel are mounted so that nothing in them is run',
  },
  {
    scenario: /^guest-memfd-bind$/,
    step: /^region2 0 0 .* none 0$/,
    of: /kvm_pvm/,
    because: 'nobody has read in which 6.18 a slot began to keep its guest_memfd',
  },
]

interface Answered {
  readonly step: string
  readonly theirs: string
  readonly ours: string
  readonly rule: string | undefined
}

function answersTo({ name, type, steps }: Scenario, recording: (typeof recordings)[number]): readonly Answered[] {
  const theirs = recording.answers.get(name)
  if (theirs === undefined) return []
  const player = new MemoryPlayer(recording.kernel, recording.host, type)
  const excused = unjudged.filter(({ scenario, of }) => scenario.test(name) && of.test(recording.name))
  return steps
    .map((step, nth) => ({ step, ours: player.play(step), rule: player.refusedBy, theirs: theirs[nth] ?? 'nothing' }))
    .filter(({ step }) => !excused.some((each) => each.step.test(step)))
}

const scenarios = ['scenarios.txt', 'guest-scenarios.txt'].flatMap((name) => scenariosIn(textOf(name)))

describe.each(recordings)('$name', (recording) => {
  const asked = scenarios.filter(({ name }) => recording.answers.has(name))
  test.each(asked)('answers $name as we do', (scenario) => {
    const answers = answersTo(scenario, recording)
    expect(answers.map(({ step, ours }) => `${step}\n  ${ours}`)).toEqual(
      answers.map(({ step, theirs }) => `${step}\n  ${theirs}`),
    )
  })
})

const probed = memoryPromises.filter(({ sources }) =>
  sources.some((source) => source.kind === 'probe' && source.probe === 'memory-calls'),
)
const all = recordings.flatMap((recording) => scenarios.flatMap((scenario) => answersTo(scenario, recording)))

test.each(probed.filter(({ kind }) => kind === 'rule').map(({ id }) => id))(
  'a recorded kernel was asked about %s',
  (id) => {
    expect(all.some(({ rule, ours, theirs }) => rule === id && ours === theirs)).toBe(true)
  },
)
