import type { Bits, Machine } from '../algebra.ts'
import type { Parts } from './avx.ts'
import { fusedNumber, simdNumber } from './simd-number.ts'

/** What an operation came to: the vector in parts, and the flags it raises. */
interface Computed {
  readonly parts: Parts
  readonly flags: Bits<32>
}

type Part = readonly [value: Bits<128>, flags: Bits<32>]

const half = (m: Machine, value: Bits<128>, index: number): Bits<64> => m.vector.lane(64, value, index)

function part(m: Machine, [low, high, flags]: readonly [Bits<64>, Bits<64>, Bits<32>]): Part {
  return [m.vector.withLane(64, m.vector.splat(64, low), 1, high), flags]
}

const together = (m: Machine, parts: readonly Part[]): Computed => ({
  parts: parts.map(([value]) => value),
  flags: parts.map(([, flags]) => flags).reduce((all, flags) => m.or(all, flags)),
})

/** An operation by its name on each part of two vectors, under MXCSR. */
function computed(m: Machine, name: string, a: Parts, b: Parts, immediate = 0): Computed {
  const control = m.get('MXCSR')
  const number = m.constant(simdNumber(name, immediate), 32)
  return together(
    m,
    a.map((x, index) => {
      const y = b[index]!
      return part(m, m.host('simd', number, half(m, x, 0), half(m, x, 1), half(m, y, 0), half(m, y, 1), control))
    }),
  )
}

/** A fused multiplication and addition by its name: a × b ± c. */
export function fused(m: Machine, name: string, a: Parts, b: Parts, c: Parts): Parts {
  const control = m.get('MXCSR')
  const number = m.constant(fusedNumber(name), 32)
  const all = together(
    m,
    a.map((x, index) => {
      const halves = [x, b[index]!, c[index]!].flatMap((value) => [half(m, value, 0), half(m, value, 1)])
      const [x0, x1, y0, y1, z0, z1] = halves as [Bits<64>, Bits<64>, Bits<64>, Bits<64>, Bits<64>, Bits<64>]
      return part(m, m.host('fused', number, x0, x1, y0, y1, z0, z1, control))
    }),
  )
  raise(m, all)
  return all.parts
}

/** IE, DE and ZE: found before anything is computed. */
const preComputation = 7

/**
 * Flags stick, though a store faults later; one that is not masked is #XM, or #UD without CR4.OSXMMEXCPT, and nothing else is written. Where
 * an exception of operands is not masked, those of results are not looked for. Source: SDM 1 §11.5 and §11.5.3.
 */
function raise(m: Machine, { parts, flags }: Computed): void {
  const control = m.get('MXCSR')
  const unmasked = (of: Bits<32>) =>
    m.and(of, m.not(m.and(m.shiftRight(control, m.constant(7, 32)), m.constant(0x3f, 32))))
  m.when(m.not(m.isZero(flags)), () => {
    const before = m.and(flags, m.constant(preComputation, 32))
    const raised = parts.length === 1 ? flags : m.select(m.isZero(unmasked(before)), flags, before)
    m.set('MXCSR', m.or(control, raised))
    m.commit()
    m.when(m.not(m.isZero(unmasked(raised))), () => refuse(m))
  })
}

function refuse(m: Machine): void {
  m.when(
    m.bit(m.get('CR4'), 10),
    () => m.fault('XM'),
    () => m.fault('UD'),
  )
}

/** Runs an operation under MXCSR on parts of vectors. */
export function simdParts(m: Machine, name: string, a: Parts, b: Parts, immediate = 0): Parts {
  const result = computed(m, name, a, b, immediate)
  raise(m, result)
  return result.parts
}

/** Runs an operation under MXCSR on two vectors of 128 bits. */
export function simd(m: Machine, name: string, a: Bits<128>, b: Bits<128>, immediate = 0): Bits<128> {
  return simdParts(m, name, [a], [b], immediate)[0]!
}
