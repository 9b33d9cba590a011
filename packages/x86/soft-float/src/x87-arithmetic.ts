import { add, divide, multiply, type Outcome, squareRoot, subtract } from './arithmetic.ts'
import type { X87Context } from './context.ts'
import { type Float80, unpack80 } from './float80.ts'
import { isNan, type UnpackedNumber } from './unpacked.ts'
import { type X87Result, x87Deliver, x87Nan } from './x87-result.ts'

type Binary = (x: UnpackedNumber, y: UnpackedNumber, rounding: X87Context['rounding']) => Outcome

function compute(operation: Binary, a: Float80, b: Float80, context: X87Context): X87Result {
  const x = unpack80(a)
  const y = unpack80(b)
  if (isNan(x) || isNan(y)) return x87Nan([a, b], [x, y], context.masks)
  const outcome = operation(x, y, context.rounding)
  return x87Deliver(outcome, x.denormal || y.denormal, context, context.precision)
}

/** FADD: a + b. */
export function x87Add(a: Float80, b: Float80, context: X87Context): X87Result {
  return compute(add, a, b, context)
}

/** FSUB: a − b; FSUBR exchanges the operands. */
export function x87Subtract(a: Float80, b: Float80, context: X87Context): X87Result {
  return compute(subtract, a, b, context)
}

/** FMUL: a × b. */
export function x87Multiply(a: Float80, b: Float80, context: X87Context): X87Result {
  return compute(multiply, a, b, context)
}

/** FDIV: a ÷ b; FDIVR exchanges the operands. */
export function x87Divide(a: Float80, b: Float80, context: X87Context): X87Result {
  return compute(divide, a, b, context)
}

/** FSQRT: √a. */
export function x87SquareRoot(a: Float80, context: X87Context): X87Result {
  const x = unpack80(a)
  if (isNan(x)) return x87Nan([a], [x], context.masks)
  return x87Deliver(squareRoot(x), x.denormal, context, context.precision)
}
