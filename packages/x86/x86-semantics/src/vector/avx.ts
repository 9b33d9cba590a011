import type { Source } from '@vmm/source'
import type { Bits, Machine, Width } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { AnyOperand, Operand, Place } from '../operand.ts'
import { requireAvx } from '../system/fpu-availability.ts'
import { zero128 } from './operand.ts'

/** A vector operand of any length, or a part of one. */
export type AnyVector = Operand<32 | 64 | 128 | 256>
export type AnyVectorPlace = Place<32 | 64 | 128 | 256>

/** A vector in parts of 128 bits, the lowest first: AVX works on each as SSE does on its registers. */
export type Parts = readonly Bits<128>[]

/** An instruction with a VEX prefix, described like any other: that AVX can be used is seen to. */
export function avx<Operands extends readonly AnyOperand[]>(
  mnemonic: string,
  source: Source,
  execute: (m: Machine, ...operands: Operands) => void,
  options: Pick<Instruction, 'knows'> = {},
): Instruction {
  return instruction<Operands>(
    mnemonic,
    source,
    (m, ...operands) => {
      if (requireAvx(m)) execute(m, ...operands)
    },
    options,
  )
}

/** An operand's value; what is shorter than a part has zeros above. */
export function readParts(m: Machine, operand: Operand<Width>): Parts {
  if (operand.width !== 256) return [m.zeroExtend(m.read(operand as Operand<128>), 128)]
  const value = m.read(operand as Operand<256>)
  return [m.vector.half(value, 0), m.vector.half(value, 1)]
}

/** Writes a vector. Of a register all that lies above becomes zero; memory takes as much as it is wide. Source: SDM 1 §14.3.1. */
export function writeParts(m: Machine, to: Place<Width>, [low, high]: Parts): void {
  if (to.kind === 'memory') {
    const narrow = () => m.truncate(low!, to.width as 128)
    return to.width === 256
      ? m.write(to as Place<256>, m.vector.pair(low!, high!))
      : m.write(to as Place<128>, narrow())
  }
  m.write({ ...(to as Place<256>), width: 256 } as Place<256>, m.vector.pair(low!, high ?? zero128(m)))
}

/** What a function of 128 bits makes of the parts of two vectors. */
export function zipParts(a: Parts, b: Parts, of: (a: Bits<128>, b: Bits<128>, part: number) => Bits<128>): Parts {
  return a.map((part, index) => of(part, b[index]!, index))
}

/** 256-bit operands of instructions that ask for it lie on a 32-byte boundary, those of 128 bits on one of 16, or it is #GP(0). */
export function alignedWhole(m: Machine, operand: Operand<Width>): void {
  if (operand.kind !== 'memory' || operand.width < 128) return
  const linear = m.linear('operand', m.address(operand))
  const askew = m.and(linear, m.constant(operand.width / 8 - 1, 64))
  m.when(m.not(m.isZero(askew)), () => m.fault('GP', m.constant(0, 32)))
}
