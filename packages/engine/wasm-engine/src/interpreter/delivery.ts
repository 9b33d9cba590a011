import { exceptions, rflags } from '@vmm/x86-registers'
import { deliverEvent, elsewhere } from '@vmm/x86-semantics'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { procedureType } from '../handler.ts'
import { status } from '../runtime.ts'
import { at, blockHeadBytes, inBlock, inRecord, modesOfCode } from '../state-layout.ts'
import { deliveryResult } from './delivery-result.ts'
import { begun } from './parameters.ts'

const ret = { kind: 'return' } as const

/** Exceptions that instructions meet and that leave them to run again: their image has RF set. SDM 3B §18.3.1.1. */
const faults = (['DE', 'BR', 'UD', 'NM', 'TS', 'NP', 'SS', 'GP', 'PF', 'MF', 'AC', 'XM', 'CP'] as const).reduce(
  (mask, name) => mask | (1 << exceptions[name].vector),
  0,
)

/** What a delivery changes though it fails, as it was before. */
const kept = [at.faultVector, at.faultCode, at.faultHasCode, at.record, at.block] as const

/**
 * (cpu, why): delivers the fault that ended a block. What would need more than the gate, its segment and the stack is left to
 * TypeScript as it was, and so is a delivery that fails, or meets what is no plain memory: it happens again there.
 */
export function deliverFaultFunction(modeChanged: number): Code {
  const [code, [cpu, why]] = begun(['i32', 'i32'])
  const leave = (condition: Node) => code.if(condition, () => code.leave(ret, code.i32(deliveryResult.leave)))
  const word = (place: number) => code.load('i32.load', cpu, place)
  // state is that of who goes on, and nothing is to be delivered
  const isOver = code.op('i32.eq', word(at.faultVector), code.i32(elsewhere))
  code.if(isOver, () => code.leave(ret, code.i32(deliveryResult.goOn)))
  leave(code.op('i32.eqz', word(at.mayDeliver)))
  leave(word(at.moved))
  const vector = code.hold(word(at.faultVector))
  const isKnown = code.op('i32.and', code.op('i32.shr_u', code.i32(faults), vector), code.i32(1))
  leave(code.op('i32.or', code.op('i32.gt_u', vector, code.i32(31)), code.op('i32.eqz', isKnown)))
  const mode = code.op('i32.and', word(at.mode), code.i32(modesOfCode - 1))
  const slotAt = code.op('i32.add', cpu, code.op('i32.shl', mode, code.i32(1)))
  const slot = code.hold(code.load('i32.load16_u', slotAt, at.deliverySlots))
  leave(code.op('i32.eqz', slot))
  attempt(code, { cpu, vector, slot, ofBlock: code.hold(code.op('i32.eq', why, code.i32(status.fault))) })
  code.call(modeChanged, [cpu], [])
  const left = code.hold(code.op('i32.sub', word(at.mayDeliver), code.i32(1)))
  // who asked for a stop meanwhile has taken the permission away
  const stopped = code.op('i32.eqz', word(at.mayDeliver))
  code.if(stopped, () => code.leave(ret, code.i32(deliveryResult.stop)))
  code.store('i32.store', cpu, left, at.mayDeliver)
  code.leave(ret, code.select(left, code.i32(deliveryResult.goOn), code.i32(deliveryResult.stop)))
  return code
}

interface Attempt {
  readonly cpu: Node
  readonly vector: Node
  readonly slot: Node
  /** An instruction faulted; else there was none to be fetched. */
  readonly ofBlock: Node
}

function attempt(code: Code, { cpu, vector, slot, ofBlock }: Attempt): void {
  const before = kept.map((place) => [place, code.hold(code.load('i32.load', cpu, place))] as const)
  const address = code.hold(code.load('i64.load', cpu, at.CR2))
  const flags = code.hold(code.load('i64.load', cpu, at.RFLAGS))
  const rip = faultingRip(code, cpu, ofBlock)
  code.if(code.op('i32.eqz', ofBlock), () => standOutside(code, cpu))
  const record = code.hold(code.load('i32.load', cpu, at.record))
  const resume = 1n << BigInt(rflags.RF.low)
  code.store('i64.store', cpu, code.op('i64.or', flags, code.i64(resume)), at.RFLAGS)
  const ahead = code.hold(instructionsAhead(code, cpu))
  code.store('i32.store', cpu, code.i32(1), at.delivering)
  const [failed] = code.callTable(procedureType(deliverEvent as never), slot, [
    cpu,
    record,
    code.load('i32.load', cpu, at.tlb),
    vector,
    code.i32(0),
    code.load('i32.load', cpu, at.faultHasCode),
    code.load('i32.load', cpu, at.faultCode),
    rip,
  ])
  code.store('i32.store', cpu, code.i32(0), at.delivering)
  code.if(failed!, () => {
    for (const [place, value] of before) code.store('i32.store', cpu, value, place)
    code.store('i64.store', cpu, address, at.CR2)
    code.store('i64.store', cpu, flags, at.RFLAGS)
    code.leave(ret, code.i32(deliveryResult.leave))
  })
  // the instruction and those behind it in its block were paid for and have not happened
  code.store('i32.store', cpu, code.op('i32.add', code.load('i32.load', cpu, at.budget), ahead), at.budget)
  const delivered = code.op('i32.add', code.load('i32.load', cpu, at.delivered), code.i32(1))
  code.store('i32.store', cpu, delivered, at.delivered)
}

function faultingRip(code: Code, cpu: Node, ofBlock: Node): Node {
  const record = code.load('i32.load', cpu, at.record)
  const distance = code.op('i64.extend_i32_u', code.load('i32.load16_u', record, inRecord.offset))
  const inBlockRip = code.op('i64.and', code.op('i64.add', code.load('i64.load', cpu, at.blockRip), distance), mask())
  return code.hold(code.select(ofBlock, inBlockRip, code.load('i64.load', cpu, at.RIP)))

  function mask(): Node {
    return code.load('i64.load', cpu, at.codeMask)
  }
}

/** No block is under execution: nothing of what was paid for waits to be run. */
function standOutside(code: Code, cpu: Node): void {
  const block = code.hold(code.op('i32.add', cpu, code.i32(at.stepBlock)))
  code.store('i32.store', block, code.i32(0), inBlock.count)
  code.store('i32.store8', block, code.i32(0), blockHeadBytes + inRecord.index)
  code.store('i32.store', cpu, block, at.block)
  code.store('i32.store', cpu, code.op('i32.add', block, code.i32(blockHeadBytes)), at.record)
}

function instructionsAhead(code: Code, cpu: Node): Node {
  const block = code.load('i32.load', cpu, at.block)
  const record = code.load('i32.load', cpu, at.record)
  return code.op(
    'i32.sub',
    code.load('i32.load', block, inBlock.count),
    code.load('i32.load8_u', record, inRecord.index),
  )
}
