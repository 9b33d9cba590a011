import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { type MemoryMap, type PassingMap, seenEntries } from '../memory-map.ts'
import { alone, awaiting, limited, resumes } from '../mode-word.ts'
import { headState, longestHead } from '../passing/heads.ts'
import { placeFactor, templateShift } from '../passing/place.ts'
import { inTemplate, templateBytes } from '../passing/template.ts'
import { at, blockHeadBytes, inBlock, inRecord, recordBytes, tlbKinds } from '../state-layout.ts'
import { tlbEntryOf } from '../tlb-entry.ts'
import { begun } from './parameters.ts'

const ret = { kind: 'return' } as const
/** Where the record is of an instruction that passes, and the one behind it. */
export const passingRecord = at.passing + blockHeadBytes
const endRecord = passingRecord + recordBytes
/** The code size in a mode word, where 0 stands for 16 bits. */
const codeSizeShift = 3
const codeSizeMask = 3
/** One in so many is kept that takes another's place among those seen: what comes again and again is not always missed. */
const keptOfReplaced = 64

/**
 * (cpu, host, mode): decodes the instruction at a host address into the processor's passing block, to be run once. 0 where that cannot be done:
 * it leaves its page, or what its head says is not known.
 */
export function passFunction({ passing }: MemoryMap): Code {
  const [code, [cpu, host, mode]] = begun(['i32', 'i32', 'i32'])
  if (passing === undefined) {
    code.leave(ret, code.i32(0))
    return code
  }
  const end = endOfHead(code, passing, host, mode)
  const head = code.hold(headOf(code, host, end))
  const template = code.hold(templateOf(code, passing, head))
  const isThere = code.op(
    'i32.and',
    code.op('i64.eq', code.load('i64.load', template, inTemplate.head), head),
    code.op('i32.eq', code.load('i32.load', template, inTemplate.mode), mode),
  )
  code.if(code.op('i32.eqz', isThere), () => {
    code.store('i32.store', cpu, host, at.unknownHead)
    code.leave(ret, code.i32(0))
  })
  const length = code.hold(code.load('i32.load8_u', template, inTemplate.length))
  const behind = code.op('i32.add', code.op('i32.and', host, code.i32(0xfff)), length)
  const isOdd = code.op('i32.or', code.op('i32.eqz', length), code.op('i32.gt_u', behind, code.i32(4096)))
  code.if(isOdd, () => code.leave(ret, code.i32(0)))
  for (const part of [0, 16])
    code.store('v128.store', cpu, code.load('v128.load', template, inTemplate.record + part), passingRecord + part)
  fillDisplacement(code, { cpu, template, from: end })
  fillImmediate(code, { cpu, template, from: code.hold(code.op('i32.add', host, length)) })
  code.store('i32.store16', cpu, code.load('i32.load16_u', template, inTemplate.ending), endRecord + inRecord.handler)
  code.store('i32.store16', cpu, length, endRecord + inRecord.offset)
  code.store('i32.store', cpu, mode, at.passing + inBlock.mode)
  code.store('i32.store', cpu, host, at.passing + inBlock.host)
  code.leave(ret, code.i32(1))
  return code
}

/** Where the head ends; leaves with 0 if it is none that is read here. */
function endOfHead(code: Code, { heads }: PassingMap, host: Node, mode: Node): Node {
  const state = code.local('i32')
  const at = code.local('i32')
  const size = code.op('i32.and', code.op('i32.shr_u', mode, code.i32(codeSizeShift)), code.i32(codeSizeMask))
  state.set(code.op('i32.add', size, code.i32(headState.first32 - 1)))
  at.set(host)
  const last = code.hold(code.op('i32.add', host, code.i32(longestHead)))
  code.loop(
    () =>
      code.op(
        'i32.and',
        code.op('i32.gt_u', state.get(), code.i32(headState.complete)),
        code.op('i32.lt_u', at.get(), last),
      ),
    () => {
      const row = code.op('i32.shl', state.get(), code.i32(8))
      state.set(code.load('i32.load8_u', code.op('i32.or', row, code.load('i32.load8_u', at.get())), heads))
      at.set(code.op('i32.add', at.get(), code.i32(1)))
    },
  )
  const end = code.hold(at.get())
  const inPage = code.op('i32.and', host, code.i32(0xfff))
  const crosses = code.op('i32.gt_u', code.op('i32.add', inPage, code.op('i32.sub', end, host)), code.i32(4096))
  const isNone = code.op('i32.ne', state.get(), code.i32(headState.complete))
  code.if(code.op('i32.or', crosses, isNone), () => code.leave(ret, code.i32(0)))
  return end
}

/** The bytes of a head, with zeros behind them. */
function headOf(code: Code, host: Node, end: Node): Node {
  const bytes = code.op('i64.extend_i32_u', code.op('i32.sub', end, host))
  const others = code.op('i64.sub', code.i64(64n), code.op('i64.shl', bytes, code.i64(3n)))
  return code.op('i64.and', code.load('i64.load', host), code.op('i64.shr_u', code.i64(-1n), others))
}

function templateOf(code: Code, { templates }: PassingMap, head: Node): Node {
  const low = code.op('i32.wrap_i64', head)
  const high = code.op('i32.wrap_i64', code.op('i64.shr_u', head, code.i64(32n)))
  const mixed = code.op('i32.xor', low, code.op('i32.shl', high, code.i32(5)))
  const index = code.op('i32.shr_u', code.op('i32.mul', mixed, code.i32(placeFactor)), code.i32(templateShift))
  return code.op('i32.add', code.op('i32.mul', index, code.i32(templateBytes)), code.i32(templates))
}

interface Tailed {
  readonly cpu: Node
  readonly template: Node
  /** Where the displacement begins, or the immediate ends. */
  readonly from: Node
}

function fillDisplacement(code: Code, { cpu, template, from }: Tailed): void {
  const bytes = code.hold(code.load('i32.load8_u', template, inTemplate.displacementBytes))
  const is = (count: number) => code.op('i32.eq', bytes, code.i32(count))
  const value = code.local('i32')
  code.if(bytes, () => {
    code.if(
      is(1),
      () => value.set(code.load('i32.load8_s', from)),
      () =>
        code.if(
          is(4),
          () => value.set(code.load('i32.load', from)),
          () => value.set(code.load('i32.load16_s', from)),
        ),
    )
    const distance = code.hold(code.load('i32.load', template, inTemplate.displacementFrom))
    const sum = code.hold(code.op('i32.add', value.get(), distance))
    // the distance is positive
    code.if(code.op('i32.lt_s', sum, value.get()), () => code.leave(ret, code.i32(0)))
    code.store('i32.store', cpu, sum, passingRecord + inRecord.displacement)
  })
}

function fillImmediate(code: Code, { cpu, template, from }: Tailed): void {
  const bytes = code.hold(code.load('i32.load8_u', template, inTemplate.immediateBytes))
  const is = (count: number) => code.op('i32.eq', bytes, code.i32(count))
  const value = code.local('i64')
  const first = code.hold(code.op('i32.sub', from, bytes))
  const otherwise = (count: number, load: 'i64.load8_s' | 'i64.load16_s' | 'i64.load32_s', next: () => void) =>
    code.if(is(count), () => value.set(code.load(load, first)), next)
  code.if(bytes, () => {
    otherwise(1, 'i64.load8_s', () =>
      otherwise(4, 'i64.load32_s', () => otherwise(2, 'i64.load16_s', () => value.set(code.load('i64.load', first)))),
    )
    const sum = code.op('i64.add', value.get(), code.load('i64.load16_u', template, inTemplate.immediateFrom))
    const kept = code.op('i64.and', sum, code.load('i64.load', template, inTemplate.mask))
    code.store('i64.store', cpu, kept, passingRecord + inRecord.immediate)
  })
}

interface Looked {
  readonly cpu: Node
  readonly tlb: Node
  readonly linear: Node
  readonly host: Node
  readonly mode: Node
}

/**
 * Code in a page that the same program stores to is likely to be gone when it has run: the first time that it is met there it passes, and only
 * what is met again becomes a block.
 */
export function passIfNew(
  code: Code,
  { passing }: MemoryMap,
  { cpu, tlb, linear, host, mode }: Looked,
  { pass, give }: { readonly pass: number; readonly give: (block: Node) => void },
): void {
  if (passing === undefined) return
  const isOrdinary = code.op(
    'i32.and',
    code.op('i32.eqz', code.op('i32.and', mode, code.i32(resumes | alone | limited | awaiting))),
    code.op('i32.ne', code.op('i32.and', mode, code.i32(codeSizeMask << codeSizeShift)), code.i32(0)),
  )
  // the same but for the bit that says that the page is guarded
  const tag = code.load('i64.load', tlbEntryOf(code, tlb, linear), tlbKinds.write)
  const apart = code.op('i64.xor', tag, code.op('i64.and', linear, code.i64(~0xfffn)))
  const isWritten = code.op('i64.eqz', code.op('i64.and', apart, code.i64(~0x1000n)))
  code.if(code.op('i32.and', isOrdinary, isWritten), () => {
    const bytes = code.load('i64.load', host)
    const upper = code.op('i64.xor', bytes, code.op('i64.shr_u', bytes, code.i64(29n)))
    const mixed = code.op('i32.add', code.op('i32.wrap_i64', upper), code.op('i32.mul', host, code.i32(placeFactor)))
    const key = code.hold(code.op('i32.or', code.op('i32.mul', mixed, code.i32(placeFactor)), code.i32(1)))
    const index = code.op('i32.shr_u', key, code.i32(32 - Math.log2(seenEntries)))
    const place = code.hold(code.op('i32.shl', index, code.i32(2)))
    const before = code.hold(code.load('i32.load', place, passing.seen))
    code.if(code.op('i32.ne', before, key), () => {
      const [passes] = code.call(pass, [cpu, host, mode], ['i32'])
      code.if(passes!, () => {
        code.store('i32.store', place, key, passing.seen)
        const replaces = code.op('i32.ne', before, code.i32(0))
        const passed = code.hold(code.op('i32.add', code.load('i32.load', cpu, at.passed), replaces))
        code.store('i32.store', cpu, passed, at.passed)
        const isKept = code.op('i32.eqz', code.op('i32.and', passed, code.i32(keptOfReplaced - 1)))
        code.if(code.op('i32.eqz', code.op('i32.and', replaces, isKept)), () =>
          give(code.op('i32.add', cpu, code.i32(at.passing))),
        )
      })
    })
  })
}
