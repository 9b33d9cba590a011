import { describe, expect, test } from 'vitest'
import { NativeCpu, noNative } from '../cpu/native.ts'
import { Random } from '../cpu/random.ts'
import { type SubjectName, subjectNamed } from '../cpu/report.ts'
import { environmentAt, SequenceGenerator, x87Mnemonics } from './generate.ts'
import { judgeSequences, listing, sequenceDifferences } from './judge.ts'
import { sayX87Disagreement } from './report.ts'

const reason = noNative()
if (reason !== undefined) console.log(`the real CPU's x87 is not asked: ${reason}`)

const cases = { engine: 60_000, oracle: 10_000 }

describe.skipIf(reason !== undefined)("the real CPU's x87", () => {
  test.for(Object.entries(cases) as [SubjectName, number][])('agrees with the %s in %i sequences', ([name, count]) => {
    const { disagreements, counts, lost } = judgeSequences(subjectNamed(name), { cases: count, seed: 1 })
    expect(disagreements.slice(0, 5).map(sayX87Disagreement)).toEqual([])
    expect(lost).toBe(0)
    expect(x87Mnemonics.filter((mnemonic) => !counts.has(mnemonic))).toEqual([])
  })

  test('is found to differ from what is wrong in a status word, a register, or a stored environment', () => {
    const generator = new SequenceGenerator(new Random(5), 'FLDPI')
    const stores = (mnemonic: string) => mnemonic === 'FNSTENV'
    let sequence = generator.next()
    while (!stores(sequence.mnemonics.at(-1)!)) sequence = generator.next()
    const native = new NativeCpu()
    const [real] = native.run([sequence.snippet])
    native.close()
    const ours = subjectNamed('engine').run(sequence.snippet, sequence.mnemonics.length)
    expect(sequenceDifferences(sequence, real!, ours)).toEqual([])
    const wrong = (field: 'fx' | 'data', at: number) => {
      const bytes = ours[field].slice()
      bytes[at]! ^= 1
      return sequenceDifferences(sequence, real!, { ...ours, [field]: bytes })
    }
    expect(wrong('fx', 2)).toHaveLength(1)
    expect(wrong('fx', 32)).toHaveLength(1)
    expect(wrong('data', environmentAt)).toHaveLength(1)
  })
})

test('a seed brings forth the same sequences each time', () => {
  const some = () => {
    const generator = new SequenceGenerator(new Random(9))
    return Array.from({ length: 50 }, () => listing(generator.next().snippet))
  }
  expect(some()).toEqual(some())
  expect(some().filter((text) => text.includes('?'))).toEqual([])
})
