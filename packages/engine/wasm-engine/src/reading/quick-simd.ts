import type { FunctionType } from '@vmm/wasm-encoder'
import { simdOperations } from '@vmm/x86-semantics'
import { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { type Quick, quickScalars } from './quick-scalars.ts'
import { quickVectors } from './quick-vectors.ts'
import { type Done, type FloatResults, triedFirst } from './tried-first.ts'

const quickWays: Readonly<Record<string, Quick>> = { ...quickScalars, ...quickVectors }

/** All exceptions masked, rounding to nearest, denormals as they are: every bit of MXCSR above the flags. */
const calmMask = 0xffc0
const calm = 0x1f80
const precisionFlag = 0x20

/** Whether some cases of an operation are computed without asking. */
export const hasQuickWay = (name: string): boolean => quickWays[name] !== undefined

type Operands = readonly [aLow: Node, aHigh: Node, bLow: Node, bHigh: Node, control: Node]

/** Computes an operation by its number where its quick way will do; `done` takes the halves of the result. */
function quickly(code: Code, operation: number, operands: Operands, done: Done): void {
  const [aLow, aHigh, bLow, bHigh, control] = operands
  const quick = quickWays[simdOperations[operation & 0xff]!]!
  const isCalm = code.op('i32.eq', code.op('i32.and', control, code.i32(calmMask)), code.i32(calm))
  code.if(isCalm, () =>
    quick({
      code,
      a: [aLow, aHigh],
      b: [bLow, bHigh],
      inexactIsNoted: code.hold(code.op('i32.and', control, code.i32(precisionFlag))),
      immediate: operation >> 8,
      done: (low, high) => done(low, high ?? code.i64(0n)),
    }),
  )
}

/**
 * A `simd` host call that first tries WebAssembly's own arithmetic, where its operation has a quick way. Sources: SDM 1
 * §11.5; WebAssembly Core 4.3.3.
 */
export function quickSimd(code: Code, values: readonly Node[], ask: () => FloatResults): FloatResults {
  const [number, ...operands] = values as [Node, ...Operands]
  if (number.operation.kind !== 'constant') return ask()
  const operation = Number(number.operation.value)
  if (!hasQuickWay(simdOperations[operation & 0xff]!)) return ask()
  return triedFirst(code, (done) => quickly(code, operation, operands, done), ask)
}

/** (MXCSR, a low, a high, b low, b high): halves of the result, and 1; or 0 where more than a result comes of it. */
export const closerType = {
  parameters: ['i32', 'i64', 'i64', 'i64', 'i64'],
  results: ['i64', 'i64', 'i32'],
} as const satisfies FunctionType

/** A function that computes an operation the quick way. */
export function closerFunction(operation: number): Code {
  const code = new Code(closerType.parameters)
  const [control, ...halves] = closerType.parameters.map((_, index) => code.fixedLocal(index)) as [Node, ...Four]
  const ret = { kind: 'return' } as const
  quickly(code, operation, [...halves, control], (low, high) => code.leave(ret, low, high, code.i32(1)))
  code.leave(ret, code.i64(0n), code.i64(0n), code.i32(0))
  return code
}

type Four = readonly [Node, Node, Node, Node]
