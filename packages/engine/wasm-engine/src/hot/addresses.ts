import type { Code, Local } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'

/** Linear addresses have 48 bits at least. */
const shortestAddress = 48n

/** Where code of a region is: RIP as a distance from its first byte. */
export class Addresses {
  readonly #code: Code
  readonly #codeSize: 16 | 32 | 64
  readonly #base: Local
  /** RIP at the region's first byte. */
  readonly start: Node
  /** The lowest and the highest target inside or outside the region that is taken to exist. */
  #nearest = 0
  #farthest = 0

  constructor(code: Code, codeSize: 16 | 32 | 64) {
    this.#code = code
    this.#codeSize = codeSize
    this.#base = code.permanent('i64')
    this.start = code.fixedLocal(this.#base.index)
  }

  /** Says where the region is this time. */
  begin(start: Node): void {
    this.#base.set(start)
  }

  ripAt(offset: number): Node {
    return this.#ripBehind(this.#code.i64(BigInt(offset)))
  }

  /** RIP at an offset that is only known as the region runs, of 32 bits with their sign. */
  ripFrom(offset: Node): Node {
    return this.#ripBehind(this.#code.op('i64.extend_i32_s', offset))
  }

  #ripBehind(distance: Node): Node {
    const code = this.#code
    const rip = code.op('i64.add', this.start, distance)
    return this.#codeSize === 64 ? rip : code.op('i64.and', rip, code.i64(0xffff_ffffn))
  }

  /** The distance of an address from the region's first byte, if it is known. */
  offsetOf(rip: Node): number | undefined {
    const isNarrow = this.#codeSize !== 64 && rip.operation.kind === 'plain' && rip.operation.op === 'i64.and'
    if (isNarrow && !isConstant(rip.args[1]!, 0xffff_ffffn)) return undefined
    const sum = isNarrow ? rip.args[0]! : rip
    if (sum === this.start) return 0
    if (sum.operation.kind !== 'plain' || sum.operation.op !== 'i64.add' || sum.args[0] !== this.start) return undefined
    const [, distance] = sum.args
    return distance!.operation.kind === 'constant' ? Number(distance!.operation.value) : undefined
  }

  /** Whether an address is so far from the region's first byte as is known. It is taken to exist. */
  isNear(target: Node): boolean {
    const offset = this.offsetOf(target)
    if (offset === undefined) return false
    this.#nearest = Math.min(this.#nearest, offset)
    this.#farthest = Math.max(this.#farthest, offset)
    return true
  }

  /** Some target that is taken to exist is in the other half of the addresses. */
  areNearTheEdge(): Node {
    const code = this.#code
    const [lowest, highest] = [this.#nearest, this.#farthest].map((offset) => this.ripAt(offset))
    const apart = code.op('i64.shr_u', code.op('i64.xor', lowest!, highest!), code.i64(shortestAddress - 1n))
    return code.op('i64.ne', apart, code.i64(0n))
  }
}

const isConstant = ({ operation }: Node, value: bigint): boolean =>
  operation.kind === 'constant' && BigInt.asUintN(64, operation.value) === value
