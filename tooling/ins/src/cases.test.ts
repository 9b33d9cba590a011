import { basename } from 'node:path'
import { engineVariants, madeOtherwise } from '@vmm/processors'
import { createDecoded, format } from '@vmm/x86-decoder'
import { instructions } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { assembleText } from './assembly-text.ts'
import { bad, type InsCase } from './case.ts'
import { decode } from './decoder.ts'
import { EngineSubject } from './engine-subject.ts'
import { environments } from './environments.ts'
import { caseFiles, casesOfFile, familyOf, folders, rowOfCase } from './files.ts'
import { questions } from './generate.ts'
import { hexText } from './items.ts'
import { judge } from './judge.ts'
import { OracleSubject } from './oracle-subject.ts'
import { isFollowed, oneOfEachKind } from './selection.ts'
import { unrecorded } from './unrecorded.ts'
import { questionText } from './write.ts'

const engine = new EngineSubject()
/** The engine as it usually is, and as it is made otherwise. */
const inBlocks = [engineVariants[0], ...madeOtherwise].map(
  (variant) => [variant.name, new EngineSubject(variant, 'in a block')] as const,
)
const oracle = new OracleSubject()
const files = caseFiles()
const all = files.flatMap(casesOfFile)

/** The text of bytes where the case has them, or why there is none. */
function disassembled(one: InsCase, bytes: Uint8Array): string {
  const decoded = createDecoded()
  const { codeSize, fields } = environments[one.mode]
  if (decode(bytes, 0, bytes.length, codeSize, decoded) !== undefined) return bad
  if (decoded.length !== bytes.length) return `${bytes.length - decoded.length} bytes too many`
  return format(decoded, fields.get('RIP')!)
}

function operandSizeOf(one: InsCase): 16 | 32 | 64 {
  const decoded = createDecoded()
  decode(one.bytes, 0, one.bytes.length, environments[one.mode].codeSize, decoded)
  return decoded.operandSize
}

/** The bytes of the text, if they are others and mean something else. */
function misassembled(one: InsCase): string | undefined {
  const { codeSize, fields } = environments[one.mode]
  try {
    const size = /^push (?:0x)?[0-9a-f]+$/.test(one.text) ? operandSizeOf(one) : undefined
    const bytes = assembleText(one.text, codeSize, Number(fields.get('RIP')), size)
    const text = disassembled(one, bytes)
    return hexText(bytes) === hexText(one.bytes) || text === one.text
      ? undefined
      : `${hexText(bytes)}, which is ${text}`
  } catch (error) {
    return String(error)
  }
}

const complaints = (cases: readonly InsCase[], check: (one: InsCase) => readonly string[]): readonly string[] =>
  cases.flatMap((one) => check(one).map((says) => `${one.place}: ${one.mode} ${one.text}: ${says}`))

describe.each(files.map((path) => [basename(path), path] as const))('%s', (_name, path) => {
  const cases = casesOfFile(path)

  test('the engine does what every case says, and nothing else', () => {
    expect(complaints(cases, (one) => judge(one, engine))).toEqual([])
  })

  // the long tests have all of them
  test.for(inBlocks)('the engine does the same at the beginning of a block: %s', ([, subject]) => {
    expect(complaints(oneOfEachKind(cases.filter(isFollowed)), (one) => judge(one, subject))).toEqual([])
  })

  test('the oracle does what every case says, and nothing else', () => {
    expect(complaints(cases, (one) => judge(one, oracle))).toEqual([])
  })

  test('the decoder reads every instruction as its text says', () => {
    const wrong = (one: InsCase) => [disassembled(one, one.bytes)].filter((text) => text !== one.text)
    expect(complaints(cases, wrong)).toEqual([])
  })

  test('the assembler makes an instruction of the same text', () => {
    // an assembler does not choose encodings that are other names of the same thing
    const isAlias = (one: InsCase) => rowOfCase(one)?.attributes.includes('alias') === true
    const wrong = (one: InsCase) => (one.text === bad || isAlias(one) ? [] : [misassembled(one) ?? []].flat())
    expect(complaints(cases, wrong)).toEqual([])
  })
})

describe('the cases together', () => {
  const byMnemonic = Map.groupBy(all, (one) => rowOfCase(one)?.mnemonic)

  test('every described instruction has at least two', () => {
    const missing = [...instructions.keys()].filter((mnemonic) => (byMnemonic.get(mnemonic)?.length ?? 0) < 2)
    expect(missing).toEqual([])
  })

  test('what no CPU is asked is described', () => {
    expect([...unrecorded.keys()].filter((mnemonic) => !instructions.has(mnemonic))).toEqual([])
  })

  test('every form that takes a memory operand and can be asked of a CPU has a case with one', () => {
    const rowsWithMemory = new Set(all.filter(({ text }) => text.includes('[')).map((one) => rowOfCase(one)))
    const asked = new Set(
      questions()
        .filter(({ text }) => text.includes('['))
        .map((one) => rowOfCase(one)),
    )
    expect(
      [...asked].filter((row) => !rowsWithMemory.has(row)).map((row) => `${row?.opcode} ${row?.mnemonic}`),
    ).toEqual([])
  })

  test('what was recorded is what the generator asks', () => {
    const asked = questions()
    for (const family of new Set(asked.map(familyOf))) {
      const recorded = casesOfFile(`${folders.cpu}${family}.ins`)
      const wanted = asked.filter((one) => familyOf(one) === family)
      expect(recorded.map(questionText)).toEqual(wanted.map(questionText))
    }
  })

  test('a subject that is wrong is noticed', () => {
    const one = all.find(({ text }) => text === 'add r8d, esi')!
    const twisted: InsCase = {
      ...one,
      after: [...one.after, { kind: 'gpr', index: 5, width: 64, highByte: false, value: 1n }],
    }
    expect(judge(one, engine)).toEqual([])
    expect(judge(twisted, engine)).toEqual(['rbp is 5555555555555555 instead of 1'])
    expect(judge({ ...one, ending: { kind: 'fault', exception: 'UD', code: undefined } }, engine)).toEqual([
      'ends with nothing instead of #UD',
    ])
  })
})
