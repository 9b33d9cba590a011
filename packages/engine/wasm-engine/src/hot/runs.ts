import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { inBlock } from '../state-layout.ts'

/**
 * Says that the region of the block that is entered is used. Where it is to be entered `atMost` so often, the block has none any more
 * when it has been, and asks for another: then it leaves.
 */
export function countRuns(code: Code, entered: Node, atMost: number | undefined, leave: () => void): void {
  if (atMost === undefined) return code.store('i32.store', entered, code.i32(1), inBlock.runs)
  const runs = code.hold(code.op('i32.add', code.load('i32.load', entered, inBlock.runs), code.i32(1)))
  code.store('i32.store', entered, runs, inBlock.runs)
  code.rarely(code.op('i32.ge_u', runs, code.i32(atMost)), () => {
    code.store('i32.store', entered, code.i32(0), inBlock.region)
    leave()
  })
}
