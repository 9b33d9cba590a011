import type { ValueType } from '@vmm/wasm-encoder'
import { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'

/** A function that begins: its code, and a node for each of its parameters, which nothing ever sets. */
export function begun<const P extends readonly ValueType[]>(types: P): readonly [Code, { [I in keyof P]: Node }] {
  const code = new Code(types)
  return [code, types.map((_, index) => code.fixedLocal(index)) as { [I in keyof P]: Node }]
}
