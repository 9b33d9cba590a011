import { access, failed, refusedByEpt, walkShadow } from '@vmm/x86-paging'
import { exceptions } from '@vmm/x86-registers'
import { type Bits, secondLevelFault } from '@vmm/x86-semantics'
import { accessKind } from '../access.ts'
import type { Node } from '../emit/node.ts'
import { noteFault } from '../interpreter/memory.ts'
import { at } from '../state-layout.ts'
import type { Frame } from './frame.ts'
import { bitsOf, nodeOf } from './value.ts'

interface ShadowAccess {
  readonly bytes: 4 | 8
  readonly how: 'read' | 'write'
  readonly user: Bits<1>
}

/** Where a shadow-stack access goes in physical memory: what is walked for it is not kept. */
export function shadowPlace(frame: Frame, address: Bits<64>, { bytes, how, user }: ShadowAccess): Bits<64> {
  const { code, cpu } = frame
  const linear = code.hold(nodeOf(address))
  refuseNonCanonical(frame, linear)
  const by = code.select(nodeOf(user), code.i32(access.user), code.i32(0))
  const word = how === 'write' ? code.op('i32.or', by, code.i32(access.write)) : by
  const [error, physical] = frame.call(walkShadow as never, [linear, word])
  const found = code.hold(error!)
  code.rarely(found, () => {
    code.if(
      code.op('i32.and', found, code.i32(refusedByEpt)),
      () => noteFault(code, cpu, code.i32(secondLevelFault), code.op('i32.and', found, code.i32(0xffff))),
      () => {
        code.store('i64.store', cpu, linear, at.CR2)
        noteFault(code, cpu, code.i32(exceptions.PF.vector), code.op('i32.and', found, code.i32(~failed)))
      },
    )
    frame.leaveFault()
  })
  // as the processor's own, it is looked at for breakpoints and never for its alignment
  const kind = bytes | accessKind.processor | (how === 'write' ? accessKind.write : 0)
  code.rarely(code.load('i32.load', cpu, at.oddAccesses), () => tell(frame, linear, kind))
  const offset = code.op('i64.and', linear, code.i64(0xfffn))
  return bitsOf(code.hold(code.op('i64.or', physical!, offset)), 64)
}

/** Somebody looks at every access. */
function tell({ code, cpu, record, runtime }: Frame, linear: Node, kind: number): void {
  const [next] = code.call(runtime.watched, [cpu, record.get(), linear, code.i32(kind)], ['i32'])
  record.set(next!)
}

/** Of addresses that do not exist, those of shadow stacks are #GP(0). */
function refuseNonCanonical(frame: Frame, linear: Node): void {
  const { code, cpu } = frame
  const shift = code.hold(code.load('i64.load8_u', cpu, at.canonicalShift))
  const extended = code.op('i64.shr_s', code.op('i64.shl', linear, shift), shift)
  code.rarely(code.op('i64.ne', extended, linear), () => {
    noteFault(code, cpu, code.i32(exceptions.GP.vector), code.i32(0))
    frame.leaveFault()
  })
}
