import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { withScratch } from '@vmm/scratch'
import { expect, test } from 'vitest'
import { isKnownAs, keep, subjects } from './kept.ts'
import { type Answers, answersOf, readAnswers } from './recording.ts'
import { readPrinted } from './script.ts'

const [subject] = subjects()
const [first, second] = subject?.scenarios ?? []
if (subject === undefined || first === undefined || second === undefined) throw new Error('there are no scenarios')

const answered = (scenario: typeof first, answer: string): Answers =>
  new Map([[scenario.name, scenario.steps.map((step) => ({ step, answer }))]])

test('what is asked again is replaced, and what is not asked again stays', () => {
  withScratch('kept', (place) => {
    const into = pathToFileURL(`${place}/`)
    const about = { machine: 'kvm_amd-6.1.0', about: '# kernel 6.1.0\n', subject: subject.name }
    const both = new Map([...answered(first, 'then'), ...answered(second, 'then')])
    keep({ ...about, answers: both }, into)
    keep({ ...about, answers: answered(first, 'now') }, into)
    const kept = readAnswers(readFileSync(new URL(`kvm_amd-6.1.0/${subject.name}.txt`, into), 'utf8'))
    expect(kept).toEqual(new Map([...answered(first, 'now'), ...answered(second, 'then')]))
    expect([...kept.keys()]).toEqual([first.name, second.name])
  })
})

test('a machine is known by what it says of itself', () => {
  withScratch('kept', (place) => {
    const into = pathToFileURL(`${place}/`)
    expect(isKnownAs('kvm_amd-6.1.0', 'this', into)).toBe(true)
    keep({ machine: 'kvm_amd-6.1.0', about: 'this', subject: subject.name, answers: answered(first, '0') }, into)
    expect(isKnownAs('kvm_amd-6.1.0', 'this', into)).toBe(true)
    expect(isKnownAs('kvm_amd-6.1.0', 'that', into)).toBe(false)
  })
})

test('a step without an answer is none that answered 0', () => {
  const printed = readPrinted(`begin 6.1.0\n= ${first.name}\n0\nend\n`)
  expect(() => answersOf([first], printed)).toThrow(`${first.name}: nothing was printed`)
})
