import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { fieldBits, fieldKinds, fieldShifts } from '../known-fields.ts'
import { at, inKnownField, knownFieldBytes } from '../state-layout.ts'

/** The value of the field VMX in root operation. */
const root = 1

/** What came of an access: what VMREAD reads, and 0 where it has succeeded. */
interface Came {
  readonly value: Node
  readonly how: Node
}

/** VMREAD of a field that is known; else it is asked for. */
export function readKnownField(code: Code, cpu: Node, encoding: Node, ask: () => Came): Came {
  const found = findField(code, cpu, encoding, 0)
  const [value, how] = [code.local('i64'), code.local('i32')]
  code.if(
    found.kind,
    () => {
      how.set(code.i32(0))
      const is = (bytes: 2 | 8) => code.op('i32.eq', found.kind, code.i32(fieldKinds[bytes]))
      const load = (op: 'i64.load' | 'i64.load32_u' | 'i64.load16_u') => () =>
        value.set(code.load(op, found.place, at.beside))
      code.if(is(8), load('i64.load'), () => code.if(is(2), load('i64.load16_u'), load('i64.load32_u')))
    },
    () => {
      const came = ask()
      value.set(came.value)
      how.set(came.how)
    },
  )
  return { value: code.hold(value.get()), how: code.hold(how.get()) }
}

/** VMWRITE of a field that is known and may be written; else it is asked for. Gives how that came. */
export function writeKnownField(
  code: Code,
  cpu: Node,
  [encoding, value]: readonly [Node, Node],
  ask: () => Came,
): Node {
  const found = findField(code, cpu, encoding, fieldKinds.writable)
  const how = code.local('i32')
  code.if(
    found.kind,
    () => {
      how.set(code.i32(0))
      const is = (bytes: 2 | 8) => code.op('i32.eq', found.kind, code.i32(fieldKinds[bytes]))
      const old = code.local('i64')
      const store = (bytes: '' | '32' | '16') => () => {
        old.set(code.load(bytes === '' ? 'i64.load' : `i64.load${bytes}_u`, found.place, at.beside))
        code.store(`i64.store${bytes}`, found.place, value, at.beside)
      }
      code.if(is(8), store(''), () => code.if(is(2), store('16'), store('32')))
      const changed = code.op('i64.and', code.op('i64.xor', old.get(), value), found.looked())
      code.if(code.op('i64.ne', changed, code.i64(0n)), () => {
        const marks = code.op('i32.or', code.load('i32.load', cpu, at.fieldMarks), found.marks())
        code.store('i32.store', cpu, marks, at.fieldMarks)
      })
    },
    () => how.set(ask().how),
  )
  return code.hold(how.get())
}

/** Where a field is, and of what kind: 0 where it is not known. `needed`: what of its kind must be there beside its length. */
function findField(code: Code, cpu: Node, encoding: Node, needed: number) {
  const every = fieldBits.index | fieldBits.type | fieldBits.width
  const low = code.hold(code.op('i32.wrap_i64', encoding))
  const part = (of: 'type' | 'width') =>
    code.op('i32.shr_u', code.op('i32.and', low, code.i32(fieldBits[of])), code.i32(fieldShifts[of]))
  const number = [code.op('i32.and', low, code.i32(fieldBits.index)), part('type'), part('width')].reduce((all, one) =>
    code.op('i32.or', all, one),
  )
  const entry = code.hold(code.op('i32.add', cpu, code.op('i32.mul', number, code.i32(knownFieldBytes))))
  const inEntry = (field: 'offset' | 'marks') => code.load('i32.load', entry, at.knownFields + inKnownField[field])
  const about = code.hold(inEntry('offset'))
  const kind = code.op('i32.shr_u', about, code.i32(16))
  const isThere = [
    code.op('i64.eqz', code.op('i64.and', encoding, code.i64(~BigInt(every)))),
    code.load('i32.load', cpu, at.fieldsKnown),
    code.op('i32.eq', code.load('i32.load8_u', cpu, at.VMX), code.i32(root)),
    code.op('i32.eq', code.op('i32.and', kind, code.i32(needed)), code.i32(needed)),
  ].reduce((all, one) => code.op('i32.and', all, one))
  const place = code.op('i32.add', cpu, code.op('i32.and', about, code.i32(0xffff)))
  return {
    kind: code.hold(code.select(isThere, code.op('i32.and', kind, code.i32(fieldKinds.mask)), code.i32(0))),
    place: code.hold(place),
    marks: () => inEntry('marks'),
    looked: () => code.load('i64.load', entry, at.knownFields + inKnownField.looked),
  }
}
