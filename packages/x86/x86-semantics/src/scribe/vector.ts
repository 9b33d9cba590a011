import type { Bits, Width } from '../algebra.ts'
import type { VectorArithmetic } from '../vector-algebra.ts'
import type { Make } from './arithmetic.ts'
import { asBits, fromBits, type Handle, tight } from './value.ts'

/** `Name8x16(a, b, …)`: what is known at translation stands behind the values. */
export function vectorOf(make: Make): VectorArithmetic {
  const of = <W extends Width>(
    width: W,
    name: string,
    values: readonly Handle[],
    known: readonly string[],
    stem: string,
  ): Bits<W> => {
    const says = known.length === 0 ? '' : `, ${known.join(', ')}`
    const operator = `${name} ${known.join(' ')}`
    return asBits<W>(
      make(
        width,
        operator,
        values.map((each) => fromBits(each)),
        (parts) => tight(`${name}(${parts.map(({ text }) => text).join(', ')}${says})`),
        stem,
      ),
    )
  }
  const lanes = (lane: number) => `${lane}x${128 / lane}`
  const first = (word: string) => word[0]!.toUpperCase() + word.slice(1)
  return {
    half: (a, index) => of(128, index === 0 ? 'LowHalf' : 'HighHalf', [a], [], 'half'),
    pair: (low, high) => of(256, 'Pair', [low, high], [], 'vector'),
    zip: (lane, operation, a, b) => of(128, `${first(operation)}${lanes(lane)}`, [a, b], [], 'lanes'),
    absolute: (lane, a) => of(128, `Absolute${lanes(lane)}`, [a], [], 'lanes'),
    shift: (lane, direction, a, count) => of(128, `Shift${first(direction)}${lanes(lane)}`, [a, count], [], 'lanes'),
    splat: (lane, value) => of(128, `Splat${lanes(lane)}`, [value], [], 'lanes'),
    lane: (lane, a, index) => of(64, `Lane${lane}`, [a], [`${index}`], 'lane'),
    withLane: (lane, a, index, value) => of(128, `WithLane${lane}`, [a, value], [`${index}`], 'lanes'),
    shuffle: (a, b, pattern) => of(128, 'Shuffle8x16', [a, b], [`[${pattern.join(' ')}]`], 'shuffled'),
    swizzle: (a, indices) => of(128, 'Swizzle8x16', [a, indices], [], 'shuffled'),
    signs: (lane, a) => of(32, `Signs${lanes(lane)}`, [a], [], 'signs'),
    narrow: (lane, range, a, b) =>
      of(128, `Narrow${lanes(lane)}${range === 'signed' ? 'S' : 'U'}`, [a, b], [], 'lanes'),
    widenLow: (lane, sign, a) => of(128, `WidenLow${lanes(lane)}${sign === 'signed' ? 'S' : 'U'}`, [a], [], 'lanes'),
    multiplyEven: (sign, a, b) => of(128, `MultiplyEven32x4${sign === 'signed' ? 'S' : 'U'}`, [a, b], [], 'products'),
    multiplyAdd: (a, b) => of(128, 'MultiplyAdd16x8', [a, b], [], 'sums'),
  }
}
