import { expect, test } from 'vitest'
import { noNative } from '../cpu/native.ts'
import { subjectNamed, subjectNames } from '../cpu/report.ts'
import { judgeForms } from './judge-forms.ts'
import { recordedForm } from './recorded.ts'

/** Of each form; `pnpm judge cpu --states N` asks about more. */
const states = 100
const hour = 3_600_000

test.skipIf(noNative() !== undefined)(
  'the real CPU agrees with every engine about every form',
  () => {
    const { verdicts } = judgeForms({ subjects: subjectNames.map(subjectNamed), states, seed: 2 })
    const wrong = verdicts.filter(({ disagreements, lost }) => disagreements.length > 0 || lost > 0)
    expect(wrong.map(recordedForm)).toEqual([])
  },
  hour,
)
