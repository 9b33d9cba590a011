import { describe, expect, test } from 'vitest'
import type { CodeSize } from '../src/index.ts'
import { disagreements } from './disagreement.ts'
import { heads, someModrms, streamsOf } from './encodings.ts'
import { randomStreams } from './random-stream.ts'

const codeSizes = [16, 32, 64] as const

/** Every opcode byte of every map under every prefix, with every reg field as register and in memory. */
const ofForms = (codeSize: CodeSize): string[] =>
  heads(codeSize === 64 ? 1 : 11).flatMap((head) => disagreements(streamsOf(head, someModrms), codeSize))

describe('iced-x86 agrees about length, validity, mnemonic, operands, masks and rounding of', () => {
  test.for(codeSizes)('every opcode that it knows, in %s-bit code', { timeout: 600_000 }, (codeSize) => {
    expect(ofForms(codeSize).slice(0, 20)).toEqual([])
  })

  test.for(codeSizes)('300,000 random streams of %s-bit code', { timeout: 600_000 }, (codeSize) => {
    for (const streams of randomStreams(codeSize, 300_000)) expect(disagreements(streams, codeSize)).toEqual([])
  })
})
