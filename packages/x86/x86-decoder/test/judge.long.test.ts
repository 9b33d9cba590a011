import { describe, expect, test } from 'vitest'
import type { CodeSize } from '../src/index.ts'
import { disagreement } from './disagreement.ts'

const prefixes: readonly (readonly number[])[] = [
  [],
  [0x66],
  [0xf2],
  [0xf3],
  [0x66, 0xf2],
  [0x66, 0xf3],
  [0xf0],
  [0x67],
  [0xf0, 0xf3],
  [0x64],
  [0x2e],
  [0x36, 0x65],
  [0x48],
  [0x41],
  [0x44],
  [0x42],
  [0x66, 0x48],
  [0xf2, 0x48],
  [0xf3, 0x48],
  [0x48, 0x66],
  [0xf3, 0x41],
]
const maps: readonly (readonly number[])[] = [
  [],
  [0x0f],
  [0x0f, 0x38],
  [0x0f, 0x3a],
  [0xc4, 0xe2, 0x78],
  [0xc4, 0xe2, 0xfb],
  [0xc4, 0x42, 0x30],
  [0xc4, 0xe2, 0x79],
  [0xc4, 0xe2, 0x7a],
  [0xc4, 0xe2, 0x7c],
  [0xc4, 0xe3, 0x7b],
  [0xc4, 0xe3, 0x73],
  [0xc5, 0xf8],
]
const rest = [0x24, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x11, 0x22, 0x33]

/** Every opcode and ModRM of every map under every choice of prefixes. */
function disagreements(codeSize: CodeSize): string[] {
  const found: string[] = []
  const bytes = new Uint8Array(15)
  for (const prefix of prefixes) {
    for (const map of maps) {
      const opcodeAt = prefix.length + map.length
      bytes.set([...prefix, ...map, 0, 0, ...rest].slice(0, 15))
      for (let opcode = 0; opcode < 0x1_0000; opcode += 1) {
        bytes[opcodeAt] = opcode >> 8
        bytes[opcodeAt + 1] = opcode & 0xff
        const text = disagreement(bytes, codeSize)
        if (text !== undefined) found.push(text)
      }
    }
  }
  return found
}

describe('iced-x86 agrees about every opcode with every ModRM under every choice of prefixes', () => {
  test('in 16-bit code', () => {
    expect(disagreements(16).slice(0, 20)).toEqual([])
  })

  test('in 32-bit code', () => {
    expect(disagreements(32).slice(0, 20)).toEqual([])
  })

  test('in 64-bit code', () => {
    expect(disagreements(64).slice(0, 20)).toEqual([])
  })
})
