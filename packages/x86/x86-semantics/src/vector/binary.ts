import { type Source, sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { Immediate } from '../operand.ts'
import { type AnyVector, type AnyVectorPlace, avx, readParts, writeParts, zipParts } from './avx.ts'
import { aligned, begin, end, known, read128, type Vector, type VectorPlace, write128 } from './operand.ts'

type Two = (m: Machine, a: Bits<128>, b: Bits<128>, width: 64 | 128) => Bits<128>

/** An instruction of two operands, MMX or SSE. Between MMX registers both are 64 bits, zeros above; `of` is then told. */
export function legacyBinary(mnemonic: string, of: Two): Instruction {
  return instruction(mnemonic, sdm('2B', '4.3', mnemonic), (m: Machine, to: VectorPlace, from: Vector) => {
    begin(m, to, from)
    aligned(m, from)
    const result = of(m, read128(m, to), read128(m, from), to.width)
    write128(m, to, result)
    end(m, to, from)
  })
}

/** The same of AVX, part by part: of two sources, or of one where `of` looks at its second alone. */
export function avxBinary(mnemonic: string, of: Two): Instruction {
  return avx(
    mnemonic,
    sdm('2B', '4.3', mnemonic.slice(1)),
    (m: Machine, to: AnyVectorPlace, ...[first, second]: readonly AnyVector[]) => {
      const b = readParts(m, second ?? first!)
      const a = second === undefined ? b : readParts(m, first!)
      writeParts(
        m,
        to,
        zipParts(a, b, (x, y) => of(m, x, y, 128)),
      )
    },
  )
}

/** An instruction of SSE, perhaps of MMX, too, and the one of AVX that does the same with sources that stay. */
export function binary(mnemonic: string, of: Two): readonly Instruction[] {
  return [legacyBinary(mnemonic, of), avxBinary(`V${mnemonic}`, of)]
}

type TwoByImmediate = (
  m: Machine,
  a: Bits<128>,
  b: Bits<128>,
  immediate: number,
  part: number,
  width: 64 | 128,
) => Bits<128>

/** An instruction of two operands whose immediate is known when it is translated. */
export function legacyWithImmediate(mnemonic: string, title: string, of: TwoByImmediate): Instruction {
  return instruction(
    mnemonic,
    sdm('2B', '4.3', title),
    (m: Machine, to: VectorPlace, from: Vector, how: Immediate<8>) => {
      begin(m, to, from)
      aligned(m, from)
      write128(m, to, of(m, read128(m, to), read128(m, from), known(how), 0, to.width))
      end(m, to, from)
    },
    { knows: 'immediate' },
  )
}

/** Both kinds of one. `part` counts in 128 bits. */
export function withImmediate(mnemonic: string, title: string, of: TwoByImmediate): readonly Instruction[] {
  return [legacyWithImmediate(mnemonic, title, of), avxWithImmediate(`V${mnemonic}`, title, of)]
}

/** The one of AVX. */
export function avxWithImmediate(mnemonic: string, title: string, of: TwoByImmediate): Instruction {
  return avx(
    mnemonic,
    sdm('2B', '4.3', title),
    (m: Machine, to: AnyVectorPlace, first: AnyVector, second: AnyVector, how: Immediate<8>) => {
      const [a, b] = [readParts(m, first), readParts(m, second)]
      writeParts(
        m,
        to,
        zipParts(a, b, (x, y, part) => of(m, x, y, known(how), part, 128)),
      )
    },
    { knows: 'immediate' },
  )
}

/** Of one source. */
export function avxOfOne(
  mnemonic: string,
  source: Source,
  of: (m: Machine, a: Bits<128>, how: Immediate<8>, part: number) => Bits<128>,
): Instruction {
  return avx(
    mnemonic,
    source,
    (m: Machine, to: AnyVectorPlace, from: AnyVector, how: Immediate<8>) =>
      writeParts(
        m,
        to,
        readParts(m, from).map((part, index) => of(m, part, how, index)),
      ),
    { knows: 'immediate' },
  )
}
