import { binary32, unpack } from './binary-format.ts'
import { isNan } from './unpacked.ts'

/** The reciprocals of operands from here on count as tiny; the manual leaves a little room around it. */
const tinyReciprocal = 2 ** 126

const view = new DataView(new ArrayBuffer(4))

/**
 * RCPSS: 1 ÷ a. The manual bounds the relative error by 1.5 × 2^−12 and leaves the bits to the vendor; this is the
 * nearest float32. Denormals count as zeros, tiny results become zeros, no flag is raised. Source: SDM 2B, RCPPS.
 */
export function sseReciprocal(a: bigint): bigint {
  return estimate(a, (x) => (Math.abs(x) < tinyReciprocal ? 1 / x : Math.sign(x) * 0))
}

/** RSQRTSS: 1 ÷ √a, under the same rules. A negative operand gives the indefinite. Source: SDM 2B, RSQRTPS. */
export function sseReciprocalSquareRoot(a: bigint): bigint {
  return estimate(a, (x) => 1 / Math.sqrt(x))
}

/** Doubles divide and root correctly rounded everywhere, so the result does not depend on the host. */
function estimate(a: bigint, approximate: (x: number) => number): bigint {
  const operand = unpack(binary32, a, true)
  if (isNan(operand)) return BigInt.asUintN(32, a) | binary32.quietBit
  view.setUint32(0, Number(BigInt.asUintN(32, a)))
  const x = operand.kind === 'zero' ? (operand.negative ? -0 : 0) : view.getFloat32(0)
  const y = approximate(x)
  if (Number.isNaN(y)) return binary32.indefinite
  view.setFloat32(0, y)
  return BigInt(view.getUint32(0))
}
