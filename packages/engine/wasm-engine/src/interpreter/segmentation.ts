import { accessRights, exceptions } from '@vmm/x86-registers'
import { accessKind } from '../access.ts'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { at, inRecord } from '../state-layout.ts'
import { begun } from './parameters.ts'

const ret = { kind: 'return' } as const

/** (cpu, record): effective address by the record, truncated to its address size. */
export function offsetFunction(): Code {
  const [code, [cpu, record]] = begun(['i32', 'i32'])
  const register = (slot: number) =>
    code.load('i64.load', code.op('i32.add', cpu, code.load('i32.load16_u', record, slot)))
  const scaled = code.op('i64.shl', register(inRecord.indexRegister), code.load('i64.load8_u', record, inRecord.scale))
  const sum = code.op(
    'i64.add',
    code.op('i64.add', register(inRecord.base), scaled),
    code.load('i64.load32_s', record, inRecord.displacement),
  )
  const all = code.hold(sum)
  const size = code.load('i32.load8_u', record, inRecord.addressSize)
  code.if(code.op('i32.eq', size, code.i32(64)), () => code.leave(ret, all))
  code.if(code.op('i32.eq', size, code.i32(32)), () => code.leave(ret, code.op('i64.and', all, code.i64(0xffff_ffffn))))
  code.leave(ret, code.op('i64.and', all, code.i64(0xffffn)))
  return code
}

/** Where the cached part of a segment register is, as far from ES's as the register's number tells. */
function cacheOf(code: Code, cpu: Node, segment: Node): Node {
  const stride = at['CS.base'] - at['ES.base']
  return code.hold(code.op('i32.add', cpu, code.op('i32.mul', segment, code.i32(stride))))
}

/**
 * (cpu, record, segment, offset, kind): the linear address outside 64-bit code, with the checks of type and limit.
 * Source: SDM 3A §5.3, §5.4, §5.5; expand-down segments: §3.4.5.1.
 */
export function segmentedFunction(): Code {
  const [code, [cpu, record, segment, offset, kind]] = begun(['i32', 'i32', 'i32', 'i64', 'i32'])
  const cache = cacheOf(code, cpu, segment)
  const access = code.hold(code.load('i32.load', cache, at['ES.access']))
  const bit = (mask: number) => code.op('i32.ne', code.op('i32.and', access, code.i32(mask)), code.i32(0))
  const not = (node: Node) => code.op('i32.eqz', node)
  const both = (a: Node, b: Node) => code.op('i32.and', a, b)
  const refuse = (condition: Node) =>
    code.if(condition, () => {
      const stack = code.op('i32.eq', segment, code.i32(2))
      code.store(
        'i32.store',
        cpu,
        code.select(stack, code.i32(exceptions.SS.vector), code.i32(exceptions.GP.vector)),
        at.faultVector,
      )
      code.store('i32.store', cpu, code.i32(0), at.faultCode)
      code.store('i32.store', cpu, code.i32(1), at.faultHasCode)
      code.store('i32.store', cpu, record, at.record)
      code.leave(ret, code.i64(0n), code.i32(0))
    })
  const typed = code.op('i32.eqz', code.op('i32.and', kind, code.i32(accessKind.untyped)))
  const isCode = code.hold(bit(8))
  const writable = both(bit(2), not(isCode))
  const readable = code.op('i32.or', bit(2), not(isCode))
  const isWrite = code.op('i32.ne', code.op('i32.and', kind, code.i32(accessKind.write)), code.i32(0))
  const forbidden = not(code.select(isWrite, writable, readable))
  refuse(both(typed, code.op('i32.or', bit(accessRights.unusable), forbidden)))

  const size = code.op('i64.extend_i32_u', code.op('i32.and', kind, code.i32(accessKind.sizeMask)))
  const last = code.hold(code.op('i64.sub', code.op('i64.add', offset, size), code.i64(1n)))
  const limit = code.hold(code.load('i64.load32_u', cache, at['ES.limit']))
  const expandsDown = both(bit(4), not(isCode))
  code.if(
    expandsDown,
    () => {
      const top = code.select(bit(accessRights.big), code.i64(0xffff_ffffn), code.i64(0xffffn))
      refuse(code.op('i32.or', code.op('i64.le_u', offset, limit), code.op('i64.gt_u', last, top)))
    },
    () => refuse(code.op('i64.gt_u', last, limit)),
  )
  const linear = code.op('i64.add', code.load('i64.load', cache, at['ES.base']), offset)
  code.leave(ret, code.op('i64.and', linear, code.i64(0xffff_ffffn)), code.i32(1))
  return code
}

/**
 * (cpu, segment, offset, highest offset, width): how many elements from an offset up lie within the limit and do not wrap,
 * once the first has been checked.
 */
export function elementRoomFunction(): Code {
  const [code, [cpu, segment, offset, highest, width]] = begun(['i32', 'i32', 'i64', 'i64', 'i32'])
  const cache = cacheOf(code, cpu, segment)
  const access = code.hold(code.load('i32.load', cache, at['ES.access']))
  const expandsDown = code.op('i32.eq', code.op('i32.and', access, code.i32(0xc)), code.i32(4))
  const isBig = code.op('i32.and', access, code.i32(accessRights.big))
  const top = code.select(isBig, code.i64(0xffff_ffffn), code.i64(0xffffn))
  const limit = code.hold(code.select(expandsDown, top, code.load('i64.load32_u', cache, at['ES.limit'])))
  const last = code.select(code.op('i64.lt_u', limit, highest), limit, highest)
  const bytes = code.op('i64.add', code.op('i64.sub', last, offset), code.i64(1n))
  const room = code.hold(code.op('i64.div_u', bytes, code.op('i64.extend_i32_u', width)))
  code.leave(ret, code.select(code.op('i64.eqz', room), code.i64(1n), room))
  return code
}
