import { expect, test } from 'vitest'
import { subjectNamed, subjectNames } from '../cpu/report.ts'
import { readRecorded } from './recorded.ts'
import { replay } from './replay.ts'

const hour = 3_600_000

test(
  'every engine does in every state that is kept what it did when the CPU agreed',
  () => {
    expect(replay(readRecorded(), subjectNames.map(subjectNamed))).toEqual([])
  },
  hour,
)
