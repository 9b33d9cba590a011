import type { StateMemory, StateMove, StateSupposition } from '@vmm/x86-registers'
import { arithmeticMask } from './arithmetic-flags.ts'
import { Code } from './emit/code.ts'
import type { Node } from './emit/node.ts'
import type { Linkage } from './handler-table.ts'
import { functionFrom } from './linked-module.ts'
import type { RuntimeIndices } from './runtime.ts'
import { at } from './state-layout.ts'

const loads = { 1: 'i32.load8_u', 2: 'i32.load16_u', 4: 'i32.load' } as const
const stores = { 1: 'i32.store8', 2: 'i32.store16', 4: 'i32.store' } as const

/** Makes functions of moves of a processor's state in linear memory, by their places in it. */
export function movesCompiler(cpu: number, linkage: Linkage): NonNullable<StateMemory['compile']> {
  return (moves, supposed = []) => compiled(moves, supposed, cpu, linkage)
}

function compiled(
  moves: readonly StateMove[],
  supposed: readonly StateSupposition[],
  cpu: number,
  linkage: Linkage,
): () => number {
  return functionFrom(linkage, { parameters: [], results: ['i32'] }, (runtime) => {
    const code = new Code([])
    const moving = new Moving(code, cpu, runtime)
    for (const one of supposed) code.rarely(moving.differs(one), () => code.leave({ kind: 'return' }, code.i32(0)))
    for (const { to, from } of moves) {
      if (to === 'RFLAGS') moving.setFlags(moving.long(from))
      else if (to.bytes === 8) code.store('i64.store', moving.start, moving.long(from), to.offset)
      else code.store(stores[to.bytes as 1 | 2 | 4], moving.start, moving.word(from), to.offset)
    }
    code.leave({ kind: 'return' }, code.i32(1))
    return code
  }) as () => number
}

class Moving {
  readonly #code: Code
  readonly #cpu: number
  readonly #runtime: RuntimeIndices
  /** Where linear memory begins. */
  readonly start: Node

  constructor(code: Code, cpu: number, runtime: RuntimeIndices) {
    this.#code = code
    this.#cpu = cpu
    this.#runtime = runtime
    this.start = code.i32(0)
  }

  /** The low 32 bits at most of what is there. */
  word(from: StateMove['from']): Node {
    const code = this.#code
    if (from === 'RFLAGS') return code.op('i32.wrap_i64', this.#flags())
    if (typeof from === 'number') return code.i32(from | 0)
    return code.load(loads[Math.min(from.bytes, 4) as 1 | 2 | 4], this.start, from.offset)
  }

  /** Whether a place holds something else. */
  differs({ at, mask, is }: StateSupposition): Node {
    const code = this.#code
    const held = code.op('i32.and', this.word(at), code.i32(mask | 0))
    return code.op('i32.ne', held, code.i32((is & mask) | 0))
  }

  long(from: StateMove['from']): Node {
    const code = this.#code
    if (from === 'RFLAGS') return this.#flags()
    if (typeof from === 'number') return code.i64(BigInt(from >>> 0))
    if (from.bytes === 8) return code.load('i64.load', this.start, from.offset)
    return code.op('i64.extend_i32_u', this.word(from))
  }

  /** RFLAGS becomes this: those of arithmetic are kept apart. */
  setFlags(value: Node): void {
    const code = this.#code
    const whole = code.hold(value)
    const low = code.hold(code.op('i32.wrap_i64', whole))
    const put = (word: Node, place: number) => code.store('i32.store', this.start, word, this.#cpu + place)
    put(code.op('i32.and', low, code.i32(arithmeticMask)), at.flags)
    put(code.i32(0), at.lazyClass)
    const others = code.op('i32.or', code.op('i32.and', low, code.i32(~arithmeticMask)), code.i32(2))
    put(others, at.RFLAGS)
    put(code.op('i32.wrap_i64', code.op('i64.shr_u', whole, code.i64(32n))), at.RFLAGS + 4)
  }

  /** RFLAGS whole. */
  #flags(): Node {
    const code = this.#code
    const [arithmetic] = code.call(this.#runtime.materialize, [code.i32(this.#cpu)], ['i32'])
    const others = code.load('i64.load', this.start, this.#cpu + at.RFLAGS)
    const all = code.op('i64.or', others, code.op('i64.extend_i32_u', arithmetic!))
    return code.hold(code.op('i64.or', all, code.i64(2n)))
  }
}
