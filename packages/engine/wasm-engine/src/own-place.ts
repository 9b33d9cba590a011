import type { Code } from './emit/code.ts'
import type { Node } from './emit/node.ts'
import type { MemoryMap } from './memory-map.ts'

/** Where something of a map is: the same for every machine, or as far from the processor as in every other thread. */
export function ownPlace(code: Code, { shared }: Pick<MemoryMap, 'shared'>, cpu: Node, place: number): Node {
  if (shared === undefined) return code.i32(place)
  return code.op('i32.add', cpu, code.i32(place - shared.cpu))
}
