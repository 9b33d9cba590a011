import { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { loopType, status } from '../runtime.ts'
import { at, modesOfCode } from '../state-layout.ts'
import { deliveryResult } from './delivery-result.ts'

const ret = { kind: 'return' } as const

/** The table slot of the run loop for the current mode; 0 is the first one, of 64-bit code. */
export function loopOf(code: Code, cpu: Node): Node {
  const mode = code.op('i32.and', code.load('i32.load', cpu, at.mode), code.i32(modesOfCode - 1))
  const slotAt = code.op('i32.add', cpu, code.op('i32.shl', mode, code.i32(1)))
  return code.load('i32.load16_u', slotAt, at.loopSlots)
}

/** (cpu, block): runs blocks in the loop of their mode and delivers the faults that end them, until TypeScript is needed. */
export function runFunction(firstLoop: number, deliverFault: number): Code {
  const code = new Code(['i32', 'i32'])
  const cpu = code.fixedLocal(0)
  const block = code.variable(1)
  const again = () => code.leave({ kind: 'again', loop: 'run' })
  code.forever('run', () => {
    const loop = code.hold(loopOf(code, cpu))
    code.store('i32.store', cpu, loop, at.loop)
    const ended = code.local('i32')
    code.if(
      loop,
      () => ended.set(code.callTable(loopType, loop, [cpu, block.get()])[0]!),
      () => ended.set(code.call(firstLoop, [cpu, block.get()], ['i32'])[0]!),
    )
    const why = code.hold(ended.get())
    block.set(code.i32(0))
    code.if(code.op('i32.eq', why, code.i32(status.switched)), again)
    const isFault = [status.fault, status.fetchFault].map((each) => code.op('i32.eq', why, code.i32(each)))
    code.if(code.op('i32.eqz', code.op('i32.or', isFault[0]!, isFault[1]!)), () => code.leave(ret, why))
    const [result] = code.call(deliverFault, [cpu, why], ['i32'])
    code.if(code.op('i32.eqz', result!), () => code.leave(ret, why))
    code.if(code.op('i32.eq', result!, code.i32(deliveryResult.stop)), () => code.leave(ret, code.i32(status.events)))
    again()
  })
  return code
}
