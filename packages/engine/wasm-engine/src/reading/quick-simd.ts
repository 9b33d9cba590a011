import { simdOperations } from '@vmm/x86-semantics'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { type Quick, quickScalars } from './quick-scalars.ts'
import { quickVectors } from './quick-vectors.ts'

const quickWays: Readonly<Record<string, Quick>> = { ...quickScalars, ...quickVectors }

/** All exceptions masked, rounding to nearest, denormals as they are: every bit of MXCSR above the flags. */
const calmMask = 0xffc0
const calm = 0x1f80
const precisionFlag = 0x20

/** Results of a `simd` host call: the vector's halves, and the flags it raises. */
type SimdResults = [low: Node, high: Node, flags: Node]

/**
 * A `simd` host call that first tries WebAssembly's own arithmetic, where its operation has a quick way. Sources: SDM 1
 * §11.5; WebAssembly Core 4.3.3.
 */
export function quickSimd(code: Code, values: readonly Node[], ask: () => SimdResults): SimdResults {
  const [number, aLow, aHigh, bLow, bHigh, control] = values as [Node, Node, Node, Node, Node, Node]
  if (number.operation.kind !== 'constant') return ask()
  const operation = Number(number.operation.value)
  const quick = quickWays[simdOperations[operation & 0xff]!]
  if (quick === undefined) return ask()
  const [low, high] = [code.local('i64'), code.local('i64')]
  const [flags, isDone] = [code.local('i32'), code.local('i32')]
  flags.set(code.i32(0))
  isDone.set(code.i32(0))
  const isCalm = code.op('i32.eq', code.op('i32.and', control, code.i32(calmMask)), code.i32(calm))
  code.if(isCalm, () =>
    quick({
      code,
      a: [aLow, aHigh],
      b: [bLow, bHigh],
      inexactIsNoted: code.hold(code.op('i32.and', control, code.i32(precisionFlag))),
      immediate: operation >> 8,
      done: (lowResult, highResult) => {
        low.set(lowResult)
        high.set(highResult ?? code.i64(0n))
        isDone.set(code.i32(1))
      },
    }),
  )
  code.if(code.op('i32.eqz', isDone.get()), () => {
    const asked = ask()
    low.set(asked[0])
    high.set(asked[1])
    flags.set(asked[2])
  })
  return [low, high, flags].map((local) => code.hold(local.get())) as SimdResults
}
