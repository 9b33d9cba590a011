import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { type MemoryMap, seenEntries } from '../memory-map.ts'
import { alone, awaiting, limited, resumes } from '../mode-word.ts'
import { placeFactor } from '../passing/place.ts'
import { inTemplate } from '../passing/template.ts'
import { at, blockHeadBytes, inBlock, inRecord, recordBytes, tlbKinds } from '../state-layout.ts'
import { tlbEntryOf } from '../tlb-entry.ts'
import { codeSizeMask, codeSizeShift, fillRecord, findTemplate } from './by-head.ts'
import { begun } from './parameters.ts'

const ret = { kind: 'return' } as const
/** Where the record is of an instruction that passes, and the one behind it. */
export const passingRecord = at.passing + blockHeadBytes
const endRecord = passingRecord + recordBytes
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
  const leave = () => code.leave(ret, code.i32(0))
  const ask = () => {
    code.store('i32.store', cpu, host, at.unknownHead)
    leave()
  }
  const known = findTemplate(code, { map: passing, host, mode }, (why) => (why === 'unknown' ? ask() : leave()))
  const { template, length } = known
  code.if(code.op('i32.eqz', code.load('i32.load8_u', template, inTemplate.passes)), ask)
  fillRecord(code, { known, host, record: cpu, at: passingRecord, offset: code.i32(0), leave })
  code.store('i32.store16', cpu, code.load('i32.load16_u', template, inTemplate.ending), endRecord + inRecord.handler)
  code.store('i32.store16', cpu, length, endRecord + inRecord.offset)
  code.store('i32.store', cpu, mode, at.passing + inBlock.mode)
  code.store('i32.store', cpu, host, at.passing + inBlock.host)
  code.leave(ret, code.i32(1))
  return code
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
