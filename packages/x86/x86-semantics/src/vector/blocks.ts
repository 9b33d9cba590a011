import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { Immediate } from '../operand.ts'
import { aligned, begin, known, read128, type Vector, type VectorPlace, write128 } from './operand.ts'

/** Instructions on blocks of 128 bits in two operands, of which the first takes the result. */
export function onBlocks(
  mnemonic: string,
  of: (m: Machine, a: Bits<128>, b: Bits<128>) => Bits<128>,
): readonly Instruction[] {
  return [
    instruction(mnemonic, sdm('2B', '4.3', mnemonic), (m: Machine, to: VectorPlace, from: Vector) => {
      begin(m, to)
      aligned(m, from)
      write128(m, to, of(m, read128(m, to), read128(m, from)))
    }),
  ]
}

/** The same with an immediate, which is known when code is translated. */
export function onBlocksWithImmediate(
  mnemonic: string,
  of: (m: Machine, a: Bits<128>, b: Bits<128>, immediate: number) => Bits<128>,
): readonly Instruction[] {
  return [
    instruction(
      mnemonic,
      sdm('2B', '4.3', mnemonic),
      (m: Machine, to: VectorPlace, from: Vector, immediate: Immediate<8>) => {
        begin(m, to)
        aligned(m, from)
        write128(m, to, of(m, read128(m, to), read128(m, from), known(immediate)))
      },
      { knows: 'immediate' },
    ),
  ]
}
