import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import type { PassingMap } from '../memory-map.ts'
import { headState, longestHead } from '../passing/heads.ts'
import { modeShift, placeFactor, templateShift } from '../passing/place.ts'
import { inTemplate, templateBytes } from '../passing/template.ts'
import { inRecord } from '../state-layout.ts'

/** The code size in a mode word, where 0 stands for 16 bits. */
export const codeSizeShift = 3
export const codeSizeMask = 3

interface Place {
  readonly map: PassingMap
  /** Where the instruction is. */
  readonly host: Node
  readonly mode: Node
}

/** An instruction whose head is known. */
export interface Known {
  readonly template: Node
  readonly length: Node
  /** Where its head ends. */
  readonly end: Node
}

/** Why there is no template: nobody has asked for the head yet, or it is not read here or leaves its page. */
export type Without = 'unknown' | 'odd'

/** Finds what is known of an instruction by its head, all of it in its page. `leave` leaves where nothing is. */
export function findTemplate(code: Code, { map, host, mode }: Place, leave: (why: Without) => void): Known {
  const end = endOfHead(code, { map, host, mode }, () => leave('odd'))
  const head = code.hold(headOf(code, host, end))
  const template = code.hold(templateOf(code, map, head, mode))
  const isThere = code.op(
    'i32.and',
    code.op('i64.eq', code.load('i64.load', template, inTemplate.head), head),
    code.op('i32.eq', code.load('i32.load', template, inTemplate.mode), mode),
  )
  code.if(code.op('i32.eqz', isThere), () => leave('unknown'))
  const length = code.hold(code.load('i32.load8_u', template, inTemplate.length))
  const behind = code.op('i32.add', code.op('i32.and', host, code.i32(0xfff)), length)
  const isOdd = code.op('i32.or', code.op('i32.eqz', length), code.op('i32.gt_u', behind, code.i32(4096)))
  code.if(isOdd, () => leave('odd'))
  return { template, length, end }
}

/** Where the head ends; leaves if it is none that is read here. */
function endOfHead(code: Code, { map: { heads }, host, mode }: Place, leave: () => void): Node {
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
  code.if(code.op('i32.or', crosses, isNone), leave)
  return end
}

/** The bytes of a head, with zeros behind them. */
function headOf(code: Code, host: Node, end: Node): Node {
  const bytes = code.op('i64.extend_i32_u', code.op('i32.sub', end, host))
  const others = code.op('i64.sub', code.i64(64n), code.op('i64.shl', bytes, code.i64(3n)))
  return code.op('i64.and', code.load('i64.load', host), code.op('i64.shr_u', code.i64(-1n), others))
}

function templateOf(code: Code, map: PassingMap, head: Node, mode: Node): Node {
  const low = code.op('i32.wrap_i64', head)
  const high = code.op('i32.wrap_i64', code.op('i64.shr_u', head, code.i64(32n)))
  const bytes = code.op('i32.xor', low, code.op('i32.shl', high, code.i32(5)))
  const mixed = code.op('i32.xor', bytes, code.op('i32.shl', mode, code.i32(modeShift)))
  const index = code.op('i32.shr_u', code.op('i32.mul', mixed, code.i32(placeFactor)), code.i32(templateShift))
  return code.op('i32.add', code.op('i32.mul', index, code.i32(templateBytes)), code.i32(map.templates))
}

interface Filled {
  readonly known: Known
  readonly host: Node
  /** Where the record is, and how far from there. */
  readonly record: Node
  readonly at: number
  /** How far the instruction is from what its addresses are counted from. */
  readonly offset: Node
  /** Leaves where the displacement would not fit. */
  readonly leave: () => void
}

/** Makes the record of an instruction: its template's, with its displacement and its immediate. */
export function fillRecord(code: Code, filled: Filled): void {
  const { known, record, at } = filled
  for (const part of [0, 16])
    code.store('v128.store', record, code.load('v128.load', known.template, inTemplate.record + part), at + part)
  fillDisplacement(code, filled)
  fillImmediate(code, filled)
}

/** What is counted from the next instruction, by the distance of that in its template: 0 where nothing is. */
function distanceOf(code: Code, template: Node, field: number, offset: Node): Node {
  const length = code.hold(code.load('i32.load8_u', template, field))
  return code.hold(code.select(length, code.op('i32.add', length, offset), code.i32(0)))
}

function fillDisplacement(code: Code, { known, record, at, offset, leave }: Filled): void {
  const { template, end } = known
  const bytes = code.hold(code.load('i32.load8_u', template, inTemplate.displacementBytes))
  const is = (count: number) => code.op('i32.eq', bytes, code.i32(count))
  const value = code.local('i32')
  code.if(bytes, () => {
    code.if(
      is(1),
      () => value.set(code.load('i32.load8_s', end)),
      () =>
        code.if(
          is(4),
          () => value.set(code.load('i32.load', end)),
          () => value.set(code.load('i32.load16_s', end)),
        ),
    )
    const sum = code.hold(
      code.op('i32.add', value.get(), distanceOf(code, template, inTemplate.displacementFrom, offset)),
    )
    // the distance is positive
    code.if(code.op('i32.lt_s', sum, value.get()), leave)
    code.store('i32.store', record, sum, at + inRecord.displacement)
  })
}

function fillImmediate(code: Code, { known, host, record, at, offset }: Filled): void {
  const { template, length } = known
  const bytes = code.hold(code.load('i32.load8_u', template, inTemplate.immediateBytes))
  const is = (count: number) => code.op('i32.eq', bytes, code.i32(count))
  const value = code.local('i64')
  const first = code.hold(code.op('i32.sub', code.op('i32.add', host, length), bytes))
  const otherwise = (count: number, load: 'i64.load8_s' | 'i64.load16_s' | 'i64.load32_s', next: () => void) =>
    code.if(is(count), () => value.set(code.load(load, first)), next)
  code.if(bytes, () => {
    otherwise(1, 'i64.load8_s', () =>
      otherwise(4, 'i64.load32_s', () => otherwise(2, 'i64.load16_s', () => value.set(code.load('i64.load', first)))),
    )
    const distance = distanceOf(code, template, inTemplate.immediateFrom, offset)
    const sum = code.op('i64.add', value.get(), code.op('i64.extend_i32_u', distance))
    const kept = code.op('i64.and', sum, code.load('i64.load', template, inTemplate.mask))
    code.store('i64.store', record, kept, at + inRecord.immediate)
  })
}
