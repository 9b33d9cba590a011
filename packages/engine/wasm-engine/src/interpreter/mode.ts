import { accessRights, rflags, segmentNames } from '@vmm/x86-registers'
import { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { flagsThatMatter, modeInputs } from '../known-modes.ts'
import { longWord, resumes } from '../mode-word.ts'
import { at, inKnownMode, inReach, knownModeBytes, knownModes, reachBytes } from '../state-layout.ts'

const ret = { kind: 'return' } as const

/** (cpu): mode word, TLB views and code base follow the state: from one known mode to another, or TypeScript derives them. */
export function modeChangedFunction(derive: number, reach: number): Code {
  const code = new Code(['i32'])
  const cpu = code.fixedLocal(0)
  const sameKeys = code.op('i32.eq', code.load('i32.load', cpu, at.PKRU), code.load('i32.load', cpu, at.keys))
  code.if(code.op('i32.and', sameKeys, code.load('i32.load', cpu, at.plain)), () => {
    const takeIf = (known: Node, inputs: readonly Input[]) =>
      code.if(code.op('i32.eqz', differences(code, known, inputs)), () => take(code, cpu, known, reach))
    // what came behind the mode last time is likely to come again: what is compared need not be held for others
    const guess = code.hold(code.load('i32.load', code.load('i32.load', cpu, at.knownMode), inKnownMode.behind))
    code.if(guess, () => takeIf(guess, inputsOf(code, cpu)))
    const held = inputsOf(code, cpu).map(([place, input]) => [place, code.hold(input)] as const)
    search(code, cpu, (known) => takeIf(known, held))
  })
  code.call(derive, [cpu], [])
  const isNarrow = code.op('i64.ne', code.load('i64.load', cpu, at.codeMask), code.i64(-1n))
  code.if(isNarrow, () => code.call(reach, [cpu], []))
  code.leave(ret)
  return code
}

type Input = readonly [place: number, input: Node]

/** What a mode follows from, and where a known one has it. */
const inputsOf = (code: Code, cpu: Node): readonly Input[] => [
  ...modeInputs.map((input) => [inKnownMode[input], code.load('i32.load', cpu, at[input])] as const),
  [inKnownMode.flags, masked(code, cpu, flagsThatMatter)],
  [inKnownMode.CPL, code.load('i32.load8_u', cpu, at.CPL)],
]

const differences = (code: Code, known: Node, inputs: readonly Input[]): Node =>
  inputs
    .map(([place, input]) => code.op('i32.xor', code.load('i32.load', known, place), input))
    .reduce((all, one) => code.op('i32.or', all, one))

/** Tries all that are known. */
function search(code: Code, cpu: Node, attempt: (known: Node) => void): void {
  const next = code.local('i32')
  const first = code.hold(code.op('i32.add', cpu, code.i32(at.knownModes)))
  const end = code.hold(code.op('i32.add', first, code.i32(knownModes * knownModeBytes)))
  next.set(first)
  code.loop(
    () => code.op('i32.lt_u', next.get(), end),
    () => {
      attempt(code.hold(next.get()))
      next.set(code.op('i32.add', next.get(), code.i32(knownModeBytes)))
    },
  )
}

const masked = (code: Code, cpu: Node, mask: number): Node =>
  code.op('i32.and', code.load('i32.load', cpu, at.RFLAGS), code.i32(mask))

/** Code that is looked up by its offset must be found where it was: anything else is TypeScript's. */
function take(code: Code, cpu: Node, known: Node, reach: number): void {
  const output = (name: 'word' | 'programViews' | 'processorViews' | 'canonicalShift') =>
    code.load('i32.load', known, inKnownMode[name])
  const word = code.hold(output('word'))
  const isLong = code.hold(
    code.op('i32.eq', code.op('i32.and', word, code.i32(longWord.mask)), code.i32(longWord.value)),
  )
  const codeBase = code.op('i32.wrap_i64', code.load('i64.load', cpu, at.codeBase))
  const base = code.select(isLong, code.i32(0), code.load('i32.load', known, inKnownMode['CS.base']))
  const limitDiffers = code.op(
    'i32.ne',
    code.load('i32.load', known, inKnownMode['CS.limit']),
    code.load('i32.load', cpu, at.codeLimit),
  )
  const stays = code.op(
    'i32.and',
    code.op('i32.eq', codeBase, base),
    code.op('i32.or', isLong, code.op('i32.eqz', limitDiffers)),
  )
  code.if(stays, () => {
    code.store('i32.store', code.load('i32.load', cpu, at.knownMode), known, inKnownMode.behind)
    code.store('i32.store', cpu, known, at.knownMode)
    const isResuming = code.op('i32.ne', masked(code, cpu, 1 << rflags.RF.low), code.i32(0))
    const resuming = code.select(isResuming, code.i32(resumes), code.i32(0))
    code.store('i64.store', cpu, code.select(isLong, code.i64(-1n), code.i64(0xffff_ffffn)), at.codeMask)
    code.store('i32.store', cpu, code.op('i32.or', word, resuming), at.mode)
    const context = code.hold(code.load('i32.load', cpu, at.context))
    code.store('i32.store', cpu, code.op('i32.add', context, output('programViews')), at.tlb)
    code.store('i32.store', cpu, code.op('i32.add', context, output('processorViews')), at.tlbProcessor)
    code.store('i32.store', cpu, output('canonicalShift'), at.canonicalShift)
    code.if(code.op('i32.eqz', isLong), () => code.call(reach, [cpu], []))
    code.leave(ret)
  })
}

/** (cpu): how far accesses through each segment need no look at it: plain data that grows up and may be written. */
export function reachFunction(): Code {
  const code = new Code(['i32'])
  const cpu = code.fixedLocal(0)
  for (const [index, name] of segmentNames.entries()) {
    const place = at.reach + index * reachBytes
    const kind = code.op('i32.and', code.load('i32.load', cpu, at[`${name}.access`]), code.i32(kindBits))
    const limit = code.load('i64.load32_u', cpu, at[`${name}.limit`])
    const isPlain = code.op('i32.eq', kind, code.i32(writableData))
    const bytes = code.select(isPlain, code.op('i64.add', limit, code.i64(1n)), code.i64(0n))
    code.store('i64.store', cpu, bytes, place + inReach.bytes)
    code.store('i64.store', cpu, code.load('i64.load', cpu, at[`${name}.base`]), place + inReach.base)
  }
  code.leave(ret)
  return code
}

/** Of access rights: unusable, code, expands down, writable. SDM 3A §3.4.5.1. */
const kindBits = accessRights.unusable | 0xe
const writableData = 2
