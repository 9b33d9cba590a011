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

describe('rules that say they were recorded', () => {
  test.each(named)('a kernel was asked about each that names the scenarios about %s', (subject, rules) => {
    expect(neverAsked(subject.split(', '), rules)).toEqual([])
  })
})
