import { accessKind } from '../access.ts'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { noMemory } from '../runtime.ts'
import { at, devicePageBytes, inDevicePage } from '../state-layout.ts'
import { begun } from './parameters.ts'

const ret = { kind: 'return' } as const
const offsetMask = 0xfffn

/**
 * (cpu, record, tlb, linear, kind): as `fill`, but the last page without memory that was read, and the last that was written, are
 * found without a walk until translations are forgotten.
 */
export function findFunction(fill: number): Code {
  const [code, all] = begun(['i32', 'i32', 'i32', 'i64', 'i32'])
  const [cpu, , tlb, linear, kind] = all
  const isWrite = code.op('i32.ne', code.op('i32.and', kind, code.i32(accessKind.write)), code.i32(0))
  const known = code.hold(code.op('i32.add', cpu, code.op('i32.mul', isWrite, code.i32(devicePageBytes))))
  const page = code.hold(code.op('i64.and', linear, code.i64(~offsetMask)))
  const same = (field: 'views' | 'generation', value: Node) =>
    code.op('i32.eq', code.load('i32.load', known, at.devicePages + inDevicePage[field]), value)
  const generation = code.hold(code.load('i32.load', cpu, at.jumpGeneration))
  const isThere = [
    code.op('i64.eq', code.load('i64.load', known, at.devicePages + inDevicePage.linear), page),
    same('views', tlb),
    same('generation', generation),
  ].reduce((all, one) => code.op('i32.and', all, one))
  code.if(isThere, () => {
    const physical = code.load('i64.load', known, at.devicePages + inDevicePage.physical)
    code.store(
      'i64.store',
      cpu,
      code.op('i64.or', physical, code.op('i64.and', linear, code.i64(offsetMask))),
      at.missPhysical,
    )
    code.leave(ret, code.i32(noMemory))
  })
  const [host] = code.call(fill, all, ['i32'])
  code.if(code.op('i32.eq', host!, code.i32(noMemory)), () => {
    const physical = code.op('i64.and', code.load('i64.load', cpu, at.missPhysical), code.i64(~offsetMask))
    code.store('i64.store', known, page, at.devicePages + inDevicePage.linear)
    code.store('i64.store', known, physical, at.devicePages + inDevicePage.physical)
    code.store('i32.store', known, tlb, at.devicePages + inDevicePage.views)
    code.store('i32.store', known, generation, at.devicePages + inDevicePage.generation)
  })
  code.leave(ret, host!)
  return code
}

/** Neither page is known any more. */
export function forgetDevicePages(code: Code, cpu: Node): void {
  for (const page of [0, devicePageBytes])
    code.store('i32.store', cpu, code.i32(0), at.devicePages + page + inDevicePage.generation)
}
