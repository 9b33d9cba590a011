import { describe, expect, test } from 'vitest'
import { excused } from './excused.rows.ts'
import { recorded } from './kept.ts'
import { cases, listed, nameOf, stepsOf, unequalSteps } from './replay.ts'

const all = cases()
const known = listed()

describe.each(recorded().map(({ name }) => name))('%s', (name) => {
  const ofMachine = all.filter(({ machine }) => machine.name === name)

  test.each(ofMachine.map((each) => [`${each.subject.name}: ${each.scenario.name}`, each] as const))(
    'answers %s as we do, or it is listed',
    (_, each) => {
      const differences = unequalSteps(each)
      const allowed = new Set((known.get(nameOf(each)) ?? '').split(' '))
      const unexpected = differences.filter(({ number }) => !allowed.has(String(number)))
      expect(unexpected).toEqual([])
      expect(known.has(nameOf(each)), 'the list says that it differs: pnpm judge kernel --unequal').toBe(
        stepsOf(differences) !== '',
      )
    },
  )

  test('what is recorded of it is what the scenarios ask', () => {
    const stale = ofMachine.filter(({ machine, subject, scenario }) => {
      const told = machine.answers.get(subject.name)?.get(scenario.name) ?? []
      return told.map(({ step }) => step).join('\n') !== scenario.steps.join('\n')
    })
    expect(stale.map(nameOf)).toEqual([])
  })
})

test('the list names only what is recorded', () => {
  const names = new Set(all.map(nameOf))
  expect([...known.keys()].filter((name) => !names.has(name))).toEqual([])
})

test.each(excused.map((each) => [each.because, each] as const))('an excuse is needed: %s', (_, each) => {
  const meant = all.filter(
    ({ machine, scenario }) => each.machine.test(machine.name) && each.scenario.test(scenario.name),
  )
  const steps = meant.flatMap(
    ({ machine, subject, scenario }) => machine.answers.get(subject.name)?.get(scenario.name) ?? [],
  )
  expect(steps.some(({ step, answer }) => each.step.test(`${step} → ${answer}`))).toBe(true)
})
