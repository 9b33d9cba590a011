import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'

/** Results of a host call that computes floats: the vector's halves, and the flags it raises. */
export type FloatResults = readonly [low: Node, high: Node, flags: Node]

/** What a quick way calls where its result is whole, and no flag is raised. */
export type Done = (low: Node, high: Node) => void

/** Results by a quick way, or where that is not done, by asking. */
export function triedFirst(code: Code, quickly: (done: Done) => void, ask: () => FloatResults): FloatResults {
  const [low, high] = [code.local('i64'), code.local('i64')]
  const [flags, isDone] = [code.local('i32'), code.local('i32')]
  flags.set(code.i32(0))
  isDone.set(code.i32(0))
  quickly((lowResult, highResult) => {
    low.set(lowResult)
    high.set(highResult)
    isDone.set(code.i32(1))
  })
  code.if(code.op('i32.eqz', isDone.get()), () => {
    const asked = ask()
    low.set(asked[0])
    high.set(asked[1])
    flags.set(asked[2])
  })
  return [code.hold(low.get()), code.hold(high.get()), code.hold(flags.get())]
}
