import { moreInstructions } from './more-instructions.rows.ts'
import type { Random } from './random.ts'

const breakpoint = 0xcc
const prefixes = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x40, 0x41, 0x44, 0x48, 0x4f]
const escapes = [[], [0x0f], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]] as const

/** Any opcode behind any prefixes, with any ModRM and then breakpoints: no instruction more often than not. */
export function wildBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(breakpoint)
  const before = Array.from({ length: random.below(4) }, () => random.pick(prefixes))
  bytes.set([...before, ...random.pick(escapes), random.below(256), random.below(256)])
  return bytes
}

const isLegacyPrefix = (byte: number) =>
  [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3].includes(byte)

/** The opcode behind the prefixes, as a number of its bytes: 0F38F0H. */
function opcodeOf(code: Uint8Array, codeSize: 32 | 64): number {
  let at = 0
  while (isLegacyPrefix(code[at]!) || (codeSize === 64 && (code[at]! & 0xf0) === 0x40)) at += 1
  let opcode = code[at]!
  if (opcode === 0x0f) opcode = (opcode << 8) | code[++at]!
  return opcode === 0x0f38 || opcode === 0x0f3a ? (opcode << 8) | code[++at]! : opcode
}

const more: ReadonlySet<number> = new Set(moreInstructions.map(([opcode]) => opcode))

/** Whether bytes that are no instruction here are none to any CPU. */
export const isNobodys = (code: Uint8Array, codeSize: 32 | 64): boolean => !more.has(opcodeOf(code, codeSize))
