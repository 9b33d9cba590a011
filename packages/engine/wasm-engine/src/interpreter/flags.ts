import { type ArithmeticFlag, arithmeticFlags, rflags } from '@vmm/x86-registers'
import { type Bits, type FlagClassName, type FlagEquations, flagClasses } from '@vmm/x86-semantics'
import { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { arithmeticOn } from '../reading/arithmetic.ts'
import { flagsInPlace } from '../reading/flags-in-place.ts'
import { lazyWord } from '../reading/lazy-class.ts'
import { bitsOf, nodeOf } from '../reading/value.ts'
import { at } from '../state-layout.ts'

const widths = [8, 16, 32, 64] as const
const names = Object.keys(flagClasses) as FlagClassName[]
const ret = { kind: 'return' } as const

/** The equations of a lazy record's class over the operands it keeps. */
function equationsOf(code: Code, cpu: Node, name: FlagClassName, width: (typeof widths)[number]): FlagEquations {
  const operand = (offset: number): Bits<8 | 16 | 32 | 64> => {
    const node = code.load(width === 64 ? 'i64.load' : 'i32.load', cpu, offset)
    return bitsOf<8 | 16 | 32 | 64>(node, width)
  }
  return flagClasses[name](arithmeticOn(code), [operand(at.lazyA), operand(at.lazyB), operand(at.lazyC)])
}

/** One case for each class and width, in the order of `lazyClassOf`, after the case for flags in place. */
function byClass(code: Code, word: Node, inPlace: () => void, lazy: (equations: FlagEquations) => void): void {
  const cpu = code.fixedLocal(0)
  const cases = names.flatMap((name) => widths.map((width) => () => lazy(equationsOf(code, cpu, name, width))))
  code.switch(code.op('i32.and', word, code.i32(lazyWord.class)), [inPlace, ...cases], inPlace)
}

/** A function that evaluates one flag. */
export function flagFunction(flag: ArithmeticFlag): Code {
  const code = new Code(['i32'])
  const cpu = code.fixedLocal(0)
  const { low } = rflags[flag]
  const inPlace = () =>
    code.leave(
      ret,
      code.op('i32.and', code.op('i32.shr_u', code.load('i32.load', cpu, at.flags), code.i32(low)), code.i32(1)),
    )
  const word = code.hold(code.load('i32.load', cpu, at.lazyClass))
  code.if(code.op('i32.and', word, code.i32(1 << (low + lazyWord.apart))), inPlace)
  byClass(code, word, inPlace, (equations) => code.leave(ret, nodeOf(equations[flag]!())))
  return code
}

/** A function that evaluates all flags, keeps them in place and gives them. */
export function materializeFunction(): Code {
  const code = new Code(['i32'])
  const cpu = code.fixedLocal(0)
  const inPlace = code.load('i32.load', cpu, at.flags)
  const word = code.hold(code.load('i32.load', cpu, at.lazyClass))
  byClass(
    code,
    word,
    () => code.leave(ret, inPlace),
    (equations) => {
      const lazy = flagsInPlace(code, equations, arithmeticFlags)
      const apart = code.hold(code.op('i32.shr_u', word, code.i32(lazyWord.apart)))
      const all = code.hold(mixed(code, { mask: apart, ones: inPlace, zeros: lazy }))
      code.store('i32.store', cpu, all, at.flags)
      code.store('i32.store', cpu, code.i32(0), at.lazyClass)
      code.leave(ret, all)
    },
  )
  return code
}

/** Bits of one word where the mask has ones, of another where it has zeros. */
function mixed(code: Code, { mask, ones, zeros }: { readonly [bits in 'mask' | 'ones' | 'zeros']: Node }): Node {
  const others = code.op('i32.and', zeros, code.op('i32.xor', mask, code.i32(-1)))
  return code.op('i32.or', code.op('i32.and', ones, mask), others)
}
