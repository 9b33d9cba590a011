import { x87Formats, x87Operations } from '@vmm/x86-semantics'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { word, type X87Quick, type X87Quickly } from './quick-float80.ts'
import { quickX87Arithmetic } from './quick-x87-arithmetic.ts'
import { quickX87Division } from './quick-x87-division.ts'
import { quickX87Moves } from './quick-x87-moves.ts'
import { quickX87Zeros } from './quick-x87-zeros.ts'

/** Operations that have a quick way, by name. */
export const quickX87Ways: Readonly<Record<string, X87Quick>> = {
  ...quickX87Moves,
  ...quickX87Arithmetic,
  ...quickX87Division,
}

/** All exceptions masked, rounding to nearest. */
const calmMask = 0xc3f
const calm = 0x3f

/** Results of an `x87` host call: two values, what goes into FSW, and whether the first is written. */
type X87Results = [Node, Node, Node, Node, Node, Node]

/**
 * An `x87` host call that first tries integer arithmetic in place, where its operation has a quick way: normal numbers, rounding
 * to nearest, all exceptions masked, and a result that is normal, too. Source: SDM 1 §8.5.
 */
export function quickX87(code: Code, values: readonly Node[], ask: () => X87Results): X87Results {
  const [number, aSignificand, aSignExponent, bSignificand, bSignExponent, fcw] = values as X87Results
  if (number.operation.kind !== 'constant') return ask()
  const operation = Number(number.operation.value)
  const quick = quickX87Ways[x87Operations[operation & 0xff]!]
  if (quick === undefined) return ask()
  const locals = (['i64', 'i32', 'i64', 'i32', 'i32', 'i32'] as const).map((type) => code.local(type))
  const give = (nodes: readonly Node[]) => {
    for (const [index, node] of nodes.entries()) locals[index]!.set(node)
  }
  // until there is an answer, nothing is written
  locals[5]!.set(code.i32(0))
  const given: X87Quickly = {
    code,
    a: { significand: aSignificand, signExponent: aSignExponent },
    b: { significand: bSignificand, signExponent: bSignExponent },
    format: x87Formats[operation >> 8]!,
    fcw,
    done: ({ significand, signExponent }, status = code.i32(0)) =>
      give([significand, signExponent, code.i64(0n), code.i32(0), status, code.i32(1)]),
  }
  code.if(word(code, 'eq', word(code, 'and', fcw, code.i32(calmMask)), code.i32(calm)), () => {
    quick(given)
    const withZeros = quickX87Zeros[x87Operations[operation & 0xff]!]
    if (withZeros !== undefined) code.rarely(word(code, 'eqz', locals[5]!.get()), () => withZeros(given))
  })
  code.rarely(word(code, 'eqz', locals[5]!.get()), () => give(ask()))
  return locals.map((local) => code.hold(local.get())) as X87Results
}
