import { cr4 } from '@vmm/x86-registers'
import { accessKind } from '../access.ts'
import { masking } from '../code-mode.ts'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { at } from '../state-layout.ts'

/**
 * The linear address of an access without its metadata: what a program loads and stores is masked, while `at.masking` says so. Emitted as
 * `maskedLinear` has it.
 */
export function maskedAddress(code: Code, cpu: Node, linear: Node, kind: Node): Node {
  const kept = code.local('i64')
  kept.set(linear)
  const isOthers = code.op('i32.and', kind, code.i32(accessKind.execute | accessKind.processor))
  const how = code.hold(code.load('i32.load', cpu, at.masking))
  code.if(how, () =>
    code.if(code.op('i32.eqz', isOthers), () => {
      const shift = code.hold(code.op('i64.extend_i32_u', shiftOf(code, cpu, linear, how)))
      const extended = code.op('i64.shr_s', code.op('i64.shl', linear, shift), shift)
      const below = code.op('i64.and', extended, code.i64((1n << 63n) - 1n))
      kept.set(code.op('i64.or', below, code.op('i64.and', linear, code.i64(1n << 63n))))
    }),
  )
  return kept.get()
}

/** 64 less how many bits of the address are left alone. */
function shiftOf(code: Code, cpu: Node, linear: Node, how: Node): Node {
  const has = (bit: number) => code.op('i32.and', how, code.i32(bit))
  const [wide, narrow, none] = [code.i32(7), code.i32(16), code.i32(0)]
  const la57 = code.op('i32.and', code.load('i32.load', cpu, at.CR4), code.i32(1 << cr4.LA57.low))
  const ofSupervisor = code.select(has(masking.supervisor), code.select(la57, wide, narrow), none)
  const ofUser = code.select(has(masking.u57), wide, code.select(has(masking.u48), narrow, none))
  return code.select(code.op('i64.lt_s', linear, code.i64(0n)), ofSupervisor, ofUser)
}
