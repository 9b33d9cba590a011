import type { Code } from '../emit/code.ts'
import type { MemoryMap } from '../memory-map.ts'
import { inTemplate } from '../passing/template.ts'
import { blockHeadBytes, inRecord, longestBlock, recordBytes } from '../state-layout.ts'
import { fillRecord, findTemplate } from './by-head.ts'
import { begun } from './parameters.ts'

const ret = { kind: 'return' } as const
const pageBytes = 4096

/**
 * (host, mode, block, count, offset): goes on with a block of the code at a host address, of which it has so many records that cover so many bytes.
 * Gives how many there are then: up to an instruction that ends it, or before one whose head is not known. In place of a handler a record has the
 * number of its shape.
 */
export function draftFunction({ passing }: MemoryMap): Code {
  const [code, [begins, mode, block, first, covered]] = begun(['i32', 'i32', 'i32', 'i32', 'i32'])
  if (passing === undefined) {
    code.leave(ret, first)
    return code
  }
  const count = code.local('i32')
  const offset = code.local('i32')
  count.set(first)
  offset.set(covered)
  const leave = () => code.leave(ret, count.get())
  const inPage = code.hold(code.op('i32.and', begins, code.i32(pageBytes - 1)))
  const mayGoOn = () => {
    // what ends with its page is followed by another page, which is not behind it in the guest
    const isInPage = code.op('i32.lt_u', code.op('i32.add', inPage, offset.get()), code.i32(pageBytes))
    return code.op('i32.and', isInPage, code.op('i32.lt_u', count.get(), code.i32(longestBlock)))
  }
  code.loop(mayGoOn, () => {
    const before = code.hold(offset.get())
    const host = code.hold(code.op('i32.add', begins, before))
    const known = findTemplate(code, { map: passing, host, mode }, leave)
    const shape = code.hold(code.load('i32.load16_u', known.template, inTemplate.shape))
    code.if(code.op('i32.eqz', shape), leave)
    const distance = code.op('i32.mul', count.get(), code.i32(recordBytes))
    const record = code.hold(code.op('i32.add', block, distance))
    fillRecord(code, { known, host, record, at: blockHeadBytes, offset: before, leave })
    const behind = code.hold(code.op('i32.add', before, known.length))
    const keep = (
      op: 'i32.store8' | 'i32.store16',
      field: 'index' | 'offset' | 'next' | 'handler',
      value: typeof host,
    ) => code.store(op, record, value, blockHeadBytes + inRecord[field])
    keep('i32.store8', 'index', count.get())
    keep('i32.store16', 'offset', before)
    keep('i32.store16', 'next', behind)
    keep('i32.store16', 'handler', shape)
    const ends = code.hold(code.load('i32.load8_u', known.template, inTemplate.ends))
    count.set(code.op('i32.add', count.get(), code.i32(1)))
    offset.set(behind)
    code.if(ends, leave)
  })
  code.leave(ret, count.get())
  return code
}
