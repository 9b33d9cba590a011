import { describe, expect, test } from 'vitest'
import { disagreements } from './disagreement.ts'
import { allModrms, heads, streamsOf } from './encodings.ts'
import { randomStreams } from './random-stream.ts'

const codeSizes = [16, 32, 64] as const
const timeout = 3_600_000

describe('iced-x86 agrees about', () => {
  test.for(codeSizes)('every opcode with every ModRM under every prefix, in %s-bit code', { timeout }, (codeSize) => {
    const found = heads().flatMap((head) => disagreements(streamsOf(head, allModrms), codeSize))
    expect(found.slice(0, 20)).toEqual([])
  })

  test.for(codeSizes)('ten million random streams of %s-bit code', { timeout }, (codeSize) => {
    for (const streams of randomStreams(codeSize, 10_000_000)) expect(disagreements(streams, codeSize)).toEqual([])
  })
})
