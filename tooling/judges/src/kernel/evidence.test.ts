import { kvmPromises } from '@vmm/kvm'
import { nestedPromises } from '@vmm/nested-vmx'
import type { Source } from '@vmm/source'
import { vcpuPromises } from '@vmm/vcpu'
import { describe, expect, test } from 'vitest'
import { subjects } from './kept.ts'
import { playOurs } from './play-ours.ts'
import { cases } from './replay.ts'

/** The short ones first: they are what most rules are asked by. */
const all = cases().toSorted((a, b) => a.scenario.steps.length - b.scenario.steps.length)

const promises = [...kvmPromises, ...vcpuPromises, ...nestedPromises].filter(({ kind }) => kind === 'rule')

/** The rules that say that kernels were asked about them in the scenarios of a subject, or of one of several. */
function rulesOf(probe: string): readonly string[] {
  const named = promises.filter(({ sources }) => {
    return sources.some((source) => source.kind === 'probe' && source.probe === probe)
  })
  return [...new Set(named.map(({ id }) => id))]
}

const probeOf = (source: Source): readonly string[] => (source.kind === 'probe' ? [source.probe] : [])

const isError = /^E[A-Z\d]+\b/

/** Those of them that no recorded step was refused by: theirs and ours answered alike, and the rule is why ours did. */
function neverAsked(about: readonly string[], rules: readonly string[]): readonly string[] {
  const missing = new Set(rules)
  for (const { machine, subject: asked, scenario } of all) {
    if (missing.size === 0) break
    if (!about.includes(asked.name)) continue
    const answers = machine.answers.get(asked.name)?.get(scenario.name) ?? []
    if (!answers.some(({ answer }) => isError.test(answer))) continue
    const { told, refusedBy } = playOurs(machine, scenario)
    for (const [nth, rule] of refusedBy.entries())
      if (rule !== undefined && told[nth] === answers[nth]?.answer) missing.delete(rule)
  }
  return [...missing]
}

const isSubject = new Set(subjects().map(({ name }) => name))
const named = [...new Set(promises.flatMap(({ sources }) => sources.flatMap(probeOf)))]
  .filter((probe) => probe.split(', ').every((name) => isSubject.has(name)))
  .map((probe) => [probe, rulesOf(probe)] as const)

/** What guests of these scenarios are given, and tell through a port; each scenario has the name of its rule. */
const ofInstructions = 'nested-vmx-entries'

describe('rules that say they were recorded', () => {
  const ofCalls = named.filter(([subject]) => subject !== ofInstructions)
  test.each(ofCalls)('a kernel was asked about each that names the scenarios about %s', (subject, rules) => {
    expect(neverAsked(subject.split(', '), rules)).toEqual([])
  })

  test.each(rulesOf(ofInstructions))('guests of a kernel got what %s says', (id) => {
    const told = [...new Set(errorsOf(id).map(toldAs))]
    const answers = all
      .filter(({ subject, scenario }) => subject.name === ofInstructions && scenario.name === id)
      .map(({ machine }) => machine.answers.get(ofInstructions)?.get(id)?.at(-1)?.answer ?? '')
    expect(answers.length).toBeGreaterThan(0)
    for (const answer of answers) expect(told).toContain(/ data=([0-9a-f]{2}) /.exec(answer)?.[1])
  })
})

const errorsOf = (id: string): readonly string[] =>
  promises.flatMap((each) => (each.id === id && each.errno !== undefined ? [each.errno] : []))

/** As the scenarios say at their beginning. */
function toldAs(error: string): string {
  const [, fails, exits] = /^VMfail (\d+)$|^exit 0x([0-9a-f]+)$/.exec(error) ?? []
  if (fails !== undefined) return inHex(0x40 + Number(fails))
  if (exits !== undefined) return inHex(0x80 | (Number.parseInt(exits, 16) & 0x7f))
  return inHex({ '#UD': 6, '#GP(0)': 13, VMfailInvalid: 1 }[error] ?? 0xff)
}

const inHex = (byte: number): string => byte.toString(16).padStart(2, '0')
