import type { Bits, Width } from '@vmm/x86-semantics'
import type { Node } from '../emit/node.ts'

/**
 * What a `Bits` is to this reading: a node and its width. Up to 32 bits live zero-extended in an i32, 64 in an i64,
 * 128 in a v128, and 256 in two.
 */
export interface Value {
  readonly node: Node
  readonly width: Width
  /** The upper half of 256 bits. */
  readonly high?: Node
}

export const asValue = <W extends Width>(bits: Bits<W>): Value => bits as unknown as Value
export const nodeOf = <W extends Width>(bits: Bits<W>): Node => (bits as unknown as Value).node
export const bitsOf = <W extends Width>(node: Node, width: W): Bits<W> => ({ node, width }) as unknown as Bits<W>

/** 256 bits by their halves, and those of such a value. */
export const pairOf = (low: Node, high: Node): Bits<256> => ({ node: low, width: 256, high }) as unknown as Bits<256>
export const highOf = (bits: Bits<256>): Node => (bits as unknown as Required<Value>).high

/** The WebAssembly type that holds a width, or half of 256. */
export const typeOf = (width: Width): 'i32' | 'i64' | 'v128' => (width >= 128 ? 'v128' : width === 64 ? 'i64' : 'i32')
