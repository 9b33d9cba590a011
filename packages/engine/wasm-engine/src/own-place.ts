import type { Code } from './emit/code.ts'
import type { Node } from './emit/node.ts'
import type { MemoryMap } from './memory-map.ts'
import { at } from './state-layout.ts'

/** Where something of a map is: the same for every machine, or in the area of the processor's thread. */
export function ownPlace(code: Code, { shared }: Pick<MemoryMap, 'shared'>, cpu: Node, place: number): Node {
  if (shared === undefined) return code.i32(place)
  return code.op('i32.add', code.load('i32.load', cpu, at.area), code.i32(place - shared.area))
}
