import type { ValueType } from '@vmm/wasm-encoder'
import { type Node, nodeOf, nothing, type Region } from './node.ts'

/** Constants are computed where they are used: they are in no region, and all functions share the small ones. */
const nowhere: Region = { statements: [] }

/** Offsets into a page and most of those into a vCPU's state are below. */
const small = { from: -256, to: 8192 } as const

class Constants {
  readonly #type: ValueType
  readonly #known: (Node | undefined)[] = []

  constructor(type: ValueType) {
    this.#type = type
  }

  /** `exact` where a number cannot say it. */
  of(near: number, exact?: bigint): Node {
    const place = near - small.from
    if (place < 0 || near >= small.to) return this.#make(exact ?? BigInt(near))
    let node = this.#known[place]
    if (node === undefined) {
      while (this.#known.length < place) this.#known.push(undefined)
      node = this.#make(BigInt(near))
      this.#known[place] = node
    }
    return node
  }

  #make(value: bigint): Node {
    return nodeOf(this.#type, { kind: 'constant', value }, nothing, 'pure', nowhere, 0)
  }
}

const [narrow, wide] = [new Constants('i32'), new Constants('i64')]

/** A number's low 32 bits. */
export const constantI32 = (value: number): Node => narrow.of(value | 0)

/** A number's low 64 bits. */
export function constantI64(value: bigint): Node {
  const signed = BigInt.asIntN(64, value)
  return wide.of(Number(signed), signed)
}

/** A number's low 128 bits. */
export const constantV128 = (value: bigint): Node =>
  nodeOf('v128', { kind: 'constant', value: BigInt.asUintN(128, value) }, nothing, 'pure', nowhere, 0)
