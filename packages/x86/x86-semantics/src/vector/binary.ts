import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { aligned, begin, end, read128, type Vector, type VectorPlace, write128 } from './operand.ts'

/** An instruction of two operands, MMX or SSE. Between MMX registers both are 64 bits, zeros above; `narrow` is then told. */
export function binary(
  mnemonic: string,
  of: (m: Machine, a: Bits<128>, b: Bits<128>, width: 64 | 128) => Bits<128>,
): Instruction {
  return instruction(mnemonic, sdm('2B', '4.3', mnemonic), (m: Machine, to: VectorPlace, from: Vector) => {
    begin(m, to, from)
    aligned(m, from)
    const result = of(m, read128(m, to), read128(m, from), to.width)
    write128(m, to, result)
    end(m, to, from)
  })
}
