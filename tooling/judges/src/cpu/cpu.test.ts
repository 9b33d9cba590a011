import { describe, expect, test } from 'vitest'
import { differences } from './compare.ts'
import { exclusions } from './exclusions.rows.ts'
import { judged } from './generate.ts'
import { judge } from './judge.ts'
import { NativeCpu, noNative } from './native.ts'
import { type SubjectName, sayDisagreement, subjectNamed } from './report.ts'
import { bases, place, type Snippet } from './snippet.ts'

const reason = noNative()
if (reason !== undefined) console.log(`the real CPU is not asked: ${reason}`)

/** The long tests have more of each. Nearly every instruction has its turn in the first two thousand; `forms.test.ts` asks about compiled code. */
const cases = { engine: 2500, oracle: 2500 }
const fx = new Uint8Array(512)
fx.set([0x7f, 0x03], 0)
fx.set([0x80, 0x1f], 24)

/** An instruction with small numbers in all registers. */
const snippet = (...code: number[]): Snippet => ({
  code: Uint8Array.from(code),
  gprs: BigUint64Array.from({ length: 16 }, (_, index) => BigInt(index)),
  rflags: 0x202n,
  fx,
  data: new Uint8Array(place.dataBytes),
})

describe.skipIf(reason !== undefined)('the real CPU', () => {
  const native = new NativeCpu()
  const ones = new Uint8Array(256).fill(1)
  const [sum, undefinedInstruction, load, division, wide, wideFault, ...based] = native.run([
    snippet(0x48, 0x01, 0xd3),
    snippet(0x0f, 0x0b),
    snippet(0x8b, 0x00),
    snippet(0xf7, 0xf0),
    { ...snippet(0xc5, 0xf5, 0xfc, 0xc2), upper: ones },
    { ...snippet(0xc5, 0xf5, 0xfc, 0x00), upper: ones },
    snippet(0x64, 0x8b, 0x00),
    snippet(0x65, 0x8b, 0x00),
  ])
  native.close()

  test('adds', () => {
    expect(sum!.vector).toBeUndefined()
    expect(sum!.gprs[3]).toBe(5n)
  })

  test('adds the bases of FS and GS', () => {
    expect(based.map((outcome) => outcome?.address)).toEqual([BigInt(bases.FS), BigInt(bases.GS)])
  })

  test('has the upper halves of YMM registers, after faults too', () => {
    expect(wide!.upper).toEqual(Uint8Array.from(ones, (one, at) => (at < 16 ? 2 : one)))
    expect(wideFault!.vector).toBe(14)
    expect(wideFault!.upper).toEqual(ones)
  })

  test('tells of faults what Linux tells of them', () => {
    expect(undefinedInstruction!.vector).toBe(6)
    expect([load!.vector, load!.errorCode, load!.address]).toEqual([14, 4, 0n])
    expect(division!.vector).toBe(0)
  })

  test('is found to differ from what is wrong', () => {
    const rip = BigInt(place.code + 3)
    const wrong = { ...sum!, rip, gprs: sum!.gprs.map((value, index) => (index === 3 ? value + 1n : value)) }
    expect(differences('ADD', snippet(0x48, 0x01, 0xd3), sum!, wrong)).toEqual(['r3: 5; ours 6'])
  })

  test.for(Object.entries(cases) as [SubjectName, number][])('agrees with the %s in %i cases', ([name, count]) => {
    const { disagreements, counts, lost } = judge(subjectNamed(name), { cases: count, seed: 1 })
    expect(disagreements.slice(0, 5).map(sayDisagreement)).toEqual([])
    expect(lost).toBe(0)
    expect([...judged].filter((mnemonic) => !counts.has(mnemonic)).length).toBeLessThan(judged.size / 20)
  })
})

test('no instruction is both judged and excluded', () => {
  expect([...judged].filter((mnemonic) => Object.hasOwn(exclusions, mnemonic))).toEqual([])
})
