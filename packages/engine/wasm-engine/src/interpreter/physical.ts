import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { type MemoryMap, slotBytes, slotField, slotReadOnly, slotTold } from '../memory-map.ts'
import { ownPlace } from '../own-place.ts'
import { at } from '../state-layout.ts'
import { begun } from './parameters.ts'

const ret = { kind: 'return' } as const

/** (cpu, gpa): host address behind a guest-physical one in the vCPU's address space and the flags of its slot, or 0 and 0. */
export function hostOfFunction(): Code {
  const [code, [cpu, gpa]] = begun(['i32', 'i64'])
  code.leave(ret, ...hostOf(code, cpu, gpa))
  return code
}

/** The same in place. */
export function hostOf(code: Code, cpu: Node, gpa: Node): readonly [host: Node, slotFlags: Node] {
  const [slot, host, flags] = [code.local('i32'), code.local('i32'), code.local('i32')]
  const table = code.hold(code.load('i32.load', cpu, at.slotTable))
  const count = code.load('i32.load', code.op('i32.sub', table, code.i32(8)))
  const end = code.hold(code.op('i32.add', code.op('i32.mul', count, code.i32(slotBytes)), table))
  slot.set(table)
  host.set(code.i32(0))
  flags.set(code.i32(0))
  code.loop(
    () => code.op('i32.lt_u', slot.get(), end),
    () => {
      const within = code.hold(code.op('i64.sub', gpa, code.load('i64.load', slot.get(), slotField.gpa)))
      code.if(
        code.op('i64.lt_u', within, code.load('i64.load', slot.get(), slotField.bytes)),
        () => {
          const from = code.load('i32.load', slot.get(), slotField.host)
          host.set(code.op('i32.add', from, code.op('i32.wrap_i64', within)))
          flags.set(code.load('i32.load', slot.get(), slotField.flags))
          slot.set(end)
        },
        () => slot.set(code.op('i32.add', slot.get(), code.i32(slotBytes))),
      )
    },
  )
  return [code.hold(host.get()), code.hold(flags.get())]
}

/**
 * (cpu, address, bytes): what is at a physical address, zero-extended; ones where there is no memory. To who watches memory a page
 * walk is a store: that is how nested paging sees it. Source: SDM 3C §29.3.3.2; APM 2 §15.25.5.
 */
export function readPhysicalFunction(touched: number): Code {
  const [code, [cpu, address, bytes]] = begun(['i32', 'i64', 'i32'])
  const [host, slotFlags] = hostOf(code, cpu, address)
  code.if(code.op('i32.eqz', host), () => code.leave(ret, code.i64(-1n)))
  const isTold = code.op('i32.eq', slotFlags, code.i32(slotTold))
  code.if(isTold, () => void code.call(touched, [cpu, address, code.i32(1)], ['i32']))
  code.if(code.op('i32.eq', bytes, code.i32(4)), () => code.leave(ret, code.load('i64.load32_u', host)))
  code.leave(ret, code.load('i64.load', host))
  return code
}

const atomically = { 'i64.store': 'i64.atomic.rmw.cmpxchg', 'i64.store32': 'i64.atomic.rmw32.cmpxchg_u' } as const

/**
 * (cpu, address, expected, value, bytes): stores if memory holds what is expected. No memory swallows it, nor does memory that
 * cannot be written.
 */
export function swapPhysicalFunction(hostOfIndex: number, touched: number, map: MemoryMap, dirty: number): Code {
  const [code, [cpu, address, expected, value, bytes]] = begun(['i32', 'i64', 'i64', 'i64', 'i32'])
  const [host, slotFlags] = code.call(hostOfIndex, [cpu, address], ['i32', 'i32'])
  const isOf = (flag: number) => code.op('i32.and', slotFlags!, code.i32(flag))
  const done = () => code.leave(ret, code.i32(1))
  code.if(code.op('i32.or', code.op('i32.eqz', host!), isOf(slotReadOnly)), done)
  const page = code.op(
    'i32.add',
    code.op('i32.shr_u', code.op('i32.sub', host!, code.i32(map.memoryBase)), code.i32(12)),
    ownPlace(code, map, cpu, map.pageFlags),
  )
  const flags = code.hold(page)
  const swap = (load: 'i64.load' | 'i64.load32_u', store: 'i64.store' | 'i64.store32') => {
    code.if(code.op('i64.ne', code.load(load, host!), expected), () => code.leave(ret, code.i32(0)))
    code.if(isOf(slotTold), () => void code.call(touched, [cpu, address, code.i32(1)], ['i32']))
    if (map.shared === undefined) code.store(store, host!, value)
    else {
      const found = code.atomic(atomically[store], host!, expected, value)
      code.if(code.op('i64.ne', found, expected), () => code.leave(ret, code.i32(0)))
    }
    code.store('i32.store8', flags, code.op('i32.or', code.load('i32.load8_u', flags), code.i32(dirty)))
    done()
  }
  code.if(code.op('i32.eq', bytes, code.i32(4)), () => swap('i64.load32_u', 'i64.store32'))
  swap('i64.load', 'i64.store')
  return code
}
