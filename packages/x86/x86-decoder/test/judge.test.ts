import { describe, expect, test } from 'vitest'
import type { CodeSize } from '../src/index.ts'
import { disagreement } from './disagreement.ts'
import { randomStream } from './random-stream.ts'

function disagreements(codeSize: CodeSize, count: number): string[] {
  const stream = randomStream(codeSize)
  return Array.from({ length: count }, () => disagreement(stream(), codeSize)).filter((text) => text !== undefined)
}

describe('iced-x86 agrees about length, validity, mnemonic and operands of', () => {
  test('60,000 random streams of 16-bit code', () => {
    expect(disagreements(16, 60_000)).toEqual([])
  })

  test('60,000 random streams of 32-bit code', () => {
    expect(disagreements(32, 60_000)).toEqual([])
  })

  test('60,000 random streams of 64-bit code', () => {
    expect(disagreements(64, 60_000)).toEqual([])
  })
})
