/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { rows } from '@vmm/x86-opcodes'
import { Code } from 'iced-x86'
import { describe, expect, test } from 'vitest'
import type { CodeSize } from '../src/index.ts'
import { disagreements, judged } from './disagreement.ts'
import { heads, someModrms, streamsOf, wholeModrmStreams } from './encodings.ts'
import { randomStreams } from './random-stream.ts'
import { unknownCodes } from './unknown-codes.rows.ts'

const codeSizes = [16, 32, 64] as const

/** Every opcode byte of every map under every prefix, with every reg field as register and in memory; and every ModRM where it chooses. */
const ofForms = (codeSize: CodeSize): string[] => [
  ...wholeModrmStreams().flatMap((streams) => disagreements(streams, codeSize)),
  ...heads(codeSize === 64 ? 1 : 11, 'quick').flatMap((head) => disagreements(streamsOf(head, someModrms), codeSize)),
]

describe('iced-x86 agrees about length, validity, mnemonic, operands, masks and rounding of', () => {
  test.for(codeSizes)('every opcode that it knows, in %s-bit code', { timeout: 600_000 }, (codeSize) => {
    expect(ofForms(codeSize).slice(0, 20)).toEqual([])
  })

  test('every opcode form of its tables, but those that are named', () => {
    const excused = unknownCodes.flatMap(([, ...begins]) => begins)
    const names = Object.entries(Code).flatMap(([name, code]) =>
      typeof code === 'number' && !excused.some((begin) => name.startsWith(begin)) ? [{ name, code }] : [],
    )
    expect(names.length).toBeGreaterThan(4000)
    expect(names.filter(({ code }) => !judged.codes.has(code)).map(({ name }) => name)).toEqual([])
  })

  test('every row that the table of coverage says it does', () => {
    const file = new URL('../../../../tooling/judges/data/coverage.json', import.meta.url)
    const table: { readonly rows: readonly { readonly iced: boolean }[] } = JSON.parse(readFileSync(file, 'utf8'))
    const wrong = rows.filter((_, number) => table.rows[number]?.iced !== judged.rows.has(number))
    expect(table.rows.length).toBe(rows.length)
    expect(wrong.map(({ opcode, mnemonic }) => `${opcode} ${mnemonic}`)).toEqual([])
  })

  test.for(codeSizes)('300,000 random streams of %s-bit code', { timeout: 600_000 }, (codeSize) => {
    for (const streams of randomStreams(codeSize, 300_000)) expect(disagreements(streams, codeSize)).toEqual([])
  })
})
