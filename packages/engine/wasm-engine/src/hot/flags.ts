import { type ArithmeticFlag, arithmeticFlags, rflags } from '@vmm/x86-registers'
import {
  type Arithmetic,
  type Bits,
  type FlagClassName,
  type Flags,
  type FlagsOf,
  flagClasses,
} from '@vmm/x86-semantics'
import type { Code, Local } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { arithmeticOn } from '../reading/arithmetic.ts'
import { flagsInPlace, maskOfFlags } from '../reading/flags-in-place.ts'
import { lazyClassOf, lazyWord } from '../reading/lazy-class.ts'
import { asValue, bitsOf, nodeOf } from '../reading/value.ts'
import type { RuntimeIndices } from '../runtime.ts'
import { at } from '../state-layout.ts'

/** A class that the locals hold operands of, but for flags that were written apart from it and are in place. */
interface ClassKnown {
  readonly name: FlagClassName
  readonly width: 8 | 16 | 32 | 64
  /** A mask, as RFLAGS has them. */
  readonly apart: number
}

/** What is certain about the flags at a place: nothing, their class, or that they are in place. */
export type FlagsKnown = undefined | 'in place' | ClassKnown

const places = [at.lazyA, at.lazyB, at.lazyC]

/** The arithmetic flags of a region: a class, its operands and flags in place, all in locals. */
export class FlagsInLocals implements Flags {
  readonly #code: Code
  readonly #cpu: Node
  readonly #runtime: RuntimeIndices
  readonly #class: Local
  readonly #inPlace: Local
  readonly #operands: readonly Local[]
  readonly #arithmetic: Arithmetic
  /** What is certain where code is being emitted. */
  known: FlagsKnown
  /** Nobody reads the flags that the instruction being emitted writes. */
  dead = false
  /** A flag that it reads for them alone. */
  keeps: ArithmeticFlag | undefined
  /** Whether the place is inside a branch or loop of an instruction. */
  readonly #nested: () => boolean
  #written = false
  #read = false

  constructor(
    code: Code,
    cpu: Node,
    { runtime, nested }: { readonly runtime: RuntimeIndices; readonly nested: () => boolean },
  ) {
    this.#nested = nested
    this.#code = code
    this.#cpu = cpu
    this.#runtime = runtime
    this.#arithmetic = arithmeticOn(code)
    this.#class = code.permanent('i32')
    this.#inPlace = code.permanent('i32')
    this.#operands = places.map(() => code.permanent('i64'))
  }

  readonly flag = (flag: ArithmeticFlag): Bits<1> => {
    const code = this.#code
    if (this.dead && this.keeps === flag) return bitsOf(code.i32(0), 1)
    if (this.#isInPlace(flag)) {
      const shifted = code.op('i32.shr_u', this.#inPlace.get(), code.i32(rflags[flag].low))
      return bitsOf(code.op('i32.and', shifted, code.i32(1)), 1)
    }
    if (this.known !== undefined && this.known !== 'in place') return this.#equations(this.known)[flag]!()
    this.#read = true
    this.putBack()
    return bitsOf(code.call(this.#runtime[`flag${flag}`], [this.#cpu], ['i32'])[0]!, 1)
  }

  readonly flags = (of: FlagsOf): void => {
    if (this.dead) return
    this.#written = true
    if (of.kind === 'class') this.#keepClass(of.name, of.operands)
    else this.#keepEquations(of)
  }

  readonly rflags = (): Bits<64> => {
    const code = this.#code
    const arithmetic = code.op('i64.extend_i32_u', this.#materialized())
    return bitsOf(code.op('i64.or', arithmetic, code.load('i64.load', this.#cpu, at.RFLAGS)), 64)
  }

  readonly setRflags = (): void => {
    throw new Error('an instruction that replaces RFLAGS is no part of a region')
  }

  /** Brings the flags into locals: for a place before the region. */
  fetch(): void {
    const code = this.#code
    this.#class.set(code.load('i32.load', this.#cpu, at.lazyClass))
    this.#inPlace.set(code.load('i32.load', this.#cpu, at.flags))
    for (const [index, local] of this.#operands.entries()) local.set(code.load('i64.load', this.#cpu, places[index]!))
  }

  /** Leaves the flags where everybody finds them. */
  putBack(): void {
    const code = this.#code
    code.store('i32.store', this.#cpu, this.#class.get(), at.lazyClass)
    code.store('i32.store', this.#cpu, this.#inPlace.get(), at.flags)
    for (const [index, local] of this.#operands.entries())
      code.store('i64.store', this.#cpu, local.get(), places[index]!)
  }

  /** Whether the region writes flags at all. */
  get written(): boolean {
    return this.#written
  }

  /** Whether what they were before matters. */
  get used(): boolean {
    return this.#written || this.#read
  }

  /** Whether it is certain that a flag is in place. */
  #isInPlace(flag: ArithmeticFlag): boolean {
    const { known } = this
    if (known === undefined || known === 'in place') return known === 'in place'
    return (known.apart & maskOfFlags([flag])) !== 0
  }

  #equations({ name, width }: ClassKnown) {
    const code = this.#code
    const operands = this.#operands.map((local) => {
      const node = width === 64 ? local.get() : code.op('i32.wrap_i64', local.get())
      return bitsOf<8 | 16 | 32 | 64>(node, width)
    })
    return flagClasses[name](this.#arithmetic, operands)
  }

  #keepClass(name: FlagClassName, operands: readonly Bits<8 | 16 | 32 | 64>[]): void {
    const code = this.#code
    const { width } = asValue(operands[0]!)
    const wide = operands.map((operand) =>
      width === 64 ? nodeOf(operand) : code.op('i64.extend_i32_u', nodeOf(operand)),
    )
    // all are computed before the first is put where another may still be read from
    const kept = wide.map((node) => code.hold(node))
    for (const [index, node] of kept.entries()) this.#operands[index]!.set(node)
    this.#class.set(code.i32(lazyClassOf(name, width)))
    this.known = this.#nested() ? undefined : { name, width: width as 8 | 16 | 32 | 64, apart: 0 }
  }

  #keepEquations({ equations }: Extract<FlagsOf, { kind: 'equations' }>): void {
    const code = this.#code
    const named = arithmeticFlags.filter((flag) => equations[flag] !== undefined)
    const written = code.hold(flagsInPlace(code, equations, named))
    if (named.length === arithmeticFlags.length) {
      this.#inPlace.set(written)
      this.#class.set(code.i32(0))
      this.known = 'in place'
    } else this.#keepApart(maskOfFlags(named), written)
    if (this.#nested()) this.known = undefined
  }

  /** Some flags are written, the others stay where they are. */
  #keepApart(mask: number, written: Node): void {
    const code = this.#code
    const { known } = this
    this.#inPlace.set(code.op('i32.or', code.op('i32.and', this.#inPlace.get(), code.i32(~mask)), written))
    if (known === 'in place') return
    this.#class.set(code.op('i32.or', this.#class.get(), code.i32(mask << lazyWord.apart)))
    if (known !== undefined) this.known = { ...known, apart: known.apart | mask }
  }

  /** All flags in place. */
  #materialized(): Node {
    const code = this.#code
    const { known } = this
    if (known !== undefined && known !== 'in place') {
      const [apart, lazy] = [true, false].map((is) => arithmeticFlags.filter((flag) => this.#isInPlace(flag) === is))
      const lazily = flagsInPlace(code, this.#equations(known), lazy!)
      return code.op('i32.or', code.op('i32.and', this.#inPlace.get(), code.i32(maskOfFlags(apart!))), lazily)
    }
    if (known === undefined) {
      this.#read = true
      this.putBack()
      this.#inPlace.set(code.call(this.#runtime.materialize, [this.#cpu], ['i32'])[0]!)
      this.#class.set(code.i32(0))
      if (!this.#nested()) this.known = 'in place'
    }
    return this.#inPlace.get()
  }
}
