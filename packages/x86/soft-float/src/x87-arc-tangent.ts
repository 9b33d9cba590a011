import type { Outcome } from './arithmetic.ts'
import type { X87Context } from './context.ts'
import { arcTangentFactor, fractionBits, fromFixed, one, pi, ratio, scaled, times, toFixed } from './fixed-point.ts'
import { type Float80, unpack80 } from './float80.ts'
import { type Exact, isNan, relationOf, type UnpackedNumber } from './unpacked.ts'
import { type X87Result, x87Deliver, x87Nan } from './x87-result.ts'

/** FPATAN: the angle, from −π to π, of the point with ordinate b (ST(1)) and abscissa a (ST(0)). Source: SDM 2A table 3-28. */
export function x87ArcTangent(a: Float80, b: Float80, context: X87Context): X87Result {
  const x = unpack80(a)
  const y = unpack80(b)
  if (isNan(x) || isNan(y)) return x87Nan([a, b], [x, y], context.masks)
  const angle = angleOf(x, y)
  const outcome = { ...angle, negative: y.negative }
  return x87Deliver(outcome, x.denormal || y.denormal, context)
}

/** The angle of (x, |y|). */
function angleOf(x: UnpackedNumber, y: UnpackedNumber): Outcome {
  if (y.kind === 'zero' || (x.kind === 'infinity' && y.kind !== 'infinity')) {
    return x.negative ? finite(fromFixed(pi)) : { ...y, kind: 'zero' }
  }
  if (y.kind === 'infinity' && x.kind === 'infinity') return finite(fromFixed(x.negative ? (3n * pi) >> 2n : pi >> 2n))
  if (y.kind === 'infinity' || x.kind === 'zero') return finite(fromFixed(pi >> 1n))
  return finite(angleOfFinite(x, y))
}

function finite(exact: Exact): Outcome {
  return { kind: 'finite', ...exact }
}

function angleOfFinite(x: UnpackedNumber, y: UnpackedNumber): Exact {
  const right = { ...x, negative: false }
  const up = { ...y, negative: false }
  const isSteep = relationOf(up, right) === 'greater'
  const acute = arcTangent(isSteep ? ratio(right, up) : ratio(up, right))
  if (!isSteep && !x.negative) return acute
  const fixed = toFixed(acute)
  if (!isSteep) return fromFixed(pi - fixed)
  return fromFixed(x.negative ? (pi >> 1n) + fixed : (pi >> 1n) - fixed)
}

/** arctan t for 0 < t ≤ 1: near 1 by way of π/4 − arctan((1 − t) ÷ (1 + t)), so that the series is quick. */
function arcTangent(t: Exact): Exact {
  const fixed = toFixed(t)
  if (5n * fixed <= 2n * one) return scaled(t, arcTangentFactor(times(fixed, fixed)))
  const rest = ((one - fixed) << fractionBits) / (one + fixed)
  return fromFixed((pi >> 2n) - times(rest, arcTangentFactor(times(rest, rest))))
}
