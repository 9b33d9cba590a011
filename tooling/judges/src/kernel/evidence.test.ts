import { kvmPromises } from '@vmm/kvm'
import { vcpuPromises } from '@vmm/vcpu'
import { describe, expect, test } from 'vitest'
import { subjects } from './kept.ts'
import { playOurs } from './play-ours.ts'
import { cases } from './replay.ts'

/** The short ones first: they are what most rules are asked by. */
const all = cases().toSorted((a, b) => a.scenario.steps.length - b.scenario.steps.length)

/** The rules that say that kernels were asked about them in the scenarios of a subject. */
function rulesOf(subject: string): readonly string[] {
  const named = [...kvmPromises, ...vcpuPromises].filter(({ kind, sources }) => {
    return kind === 'rule' && sources.some((source) => source.kind === 'probe' && source.probe === subject)
  })
  return [...new Set(named.map(({ id }) => id))]
}

const isError = /^E[A-Z\d]+\b/

/** Those of them that no recorded step was refused by: theirs and ours answered alike, and the rule is why ours did. */
function neverAsked(subject: string, rules: readonly string[]): readonly string[] {
  const missing = new Set(rules)
  for (const { machine, subject: asked, scenario } of all) {
    if (missing.size === 0) break
    if (asked.name !== subject) continue
    const answers = machine.answers.get(subject)?.get(scenario.name) ?? []
    if (!answers.some(({ answer }) => isError.test(answer))) continue
    const { told, refusedBy } = playOurs(machine, scenario)
    for (const [nth, rule] of refusedBy.entries())
      if (rule !== undefined && told[nth] === answers[nth]?.answer) missing.delete(rule)
  }
  return [...missing]
}

const named = subjects()
  .map(({ name }) => [name, rulesOf(name)] as const)
  .filter(([, rules]) => rules.length > 0)

describe('rules that say they were recorded', () => {
  test.each(named)('a kernel was asked about each that names the scenarios about %s', (subject, rules) => {
    expect(neverAsked(subject, rules)).toEqual([])
  })
})
