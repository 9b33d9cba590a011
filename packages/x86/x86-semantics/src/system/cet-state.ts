import { cet } from '@vmm/x86-registers'
import type { Bits, Machine } from '../algebra.ts'
import { isCanonical } from '../integer/control.ts'
import type { Memory } from '../operand.ts'
import { one64 } from './control-flow.ts'
import { refuseUnless } from './privilege.ts'
import { area, component, put, take, ymmBytes } from './save-area.ts'

/** Registers of control-flow enforcement as XSAVES saves them. Source: SDM 1 §13.5.9. */
const components = [
  [11, ['IA32_U_CET', 'IA32_PL3_SSP']],
  [12, ['IA32_PL0_SSP', 'IA32_PL1_SSP', 'IA32_PL2_SSP']],
] as const

/** Bytes of what lies behind the header in the compacted format, none of it on a boundary of 64. Source: SDM 1 §13.4.3, §13.5. */
const bytesOf = [
  [component.avx, ymmBytes],
  [component.pkru, 8],
  [components[0][0], 16],
] as const

/** How far a component is from the area's first byte, where the components of `layout` lie behind each other. */
function distanceOf(m: Machine, layout: Bits<64>, wanted: number): Bits<64> {
  const before = bytesOf.filter(([index]) => index < wanted)
  const placed = before.map(([index, bytes]) =>
    m.select(m.bit(layout, index), m.constant(bytes, 64), m.constant(0, 64)),
  )
  return placed.reduce((sum, bytes) => m.add(sum, bytes), m.constant(area.extended, 64))
}

/** Faults unless as many bytes can be reached at a distance from the area's first one. */
function checkAt(m: Machine, memory: Memory<8>, distance: Bits<64>, bytes: number, access: 'read' | 'write'): void {
  const offset = m.truncate(m.add(m.address(memory), distance), m.mode.addressSize)
  m.check('operand', m.zeroExtend(offset, 64), bytes, access)
}

/** The components of the supervisor that are not in their initial state: zeros. */
export function cetInUse(m: Machine): Bits<64> {
  const bits = components.map(([index, fields]) => {
    const all = fields.map((field) => m.get(field)).reduce((a, b) => m.or(a, b))
    return m.shiftLeft(m.zeroExtend(m.not(m.isZero(all)), 64), m.constant(index, 64))
  })
  return bits.reduce((a, b) => m.or(a, b))
}

interface Saving {
  readonly base: Bits<64>
  readonly requested: Bits<64>
  readonly wanted: Bits<64>
}

/** What may fault in saving the state of control-flow enforcement happens, and what is left is given. */
export function prepareSaveCet(m: Machine, to: Memory<8>, { base, requested, wanted }: Saving): () => void {
  const parts = components.map(([index, fields]) => {
    const [distance, saves] = [distanceOf(m, requested, index), m.bit(wanted, index)]
    m.when(saves, () => checkAt(m, to, distance, fields.length * 8, 'write'))
    return { fields, saves, place: m.add(base, distance) }
  })
  return () => {
    for (const { fields, saves, place } of parts)
      m.when(saves, () => {
        for (const [nth, field] of fields.entries()) put(m, place, nth * 8, m.get(field))
      })
  }
}

interface Restoring {
  readonly from: Memory<8>
  readonly base: Bits<64>
  readonly requested: Bits<64>
  readonly present: Bits<64>
  readonly layout: Bits<64>
}

/** The same for loading it: what is loaded must be what WRMSR takes. Source: SDM 1 §13.5.9. */
export function prepareRestoreCet(m: Machine, { from, base, requested, present, layout }: Restoring): () => void {
  const parts = components.map(([index, fields]) => {
    const [loads, distance] = [m.bit(requested, index), distanceOf(m, layout, index)]
    const values = fields.map(() => m.variable(m.constant(0, 64)))
    m.when(m.and(loads, m.bit(present, index)), () => {
      checkAt(m, from, distance, fields.length * 8, 'read')
      for (const [nth, field] of fields.entries()) {
        const value = take(m, m.add(base, distance), nth * 8, 64)
        refuseUnless(m, field === 'IA32_U_CET' ? areControls(m, value) : isPointer(m, value))
        values[nth]!.set(value)
      }
    })
    return { fields, values, loads }
  })
  return () => {
    for (const { fields, values, loads } of parts)
      m.when(loads, () => {
        for (const [nth, field] of fields.entries()) m.set(field, values[nth]!.get())
      })
  }
}

/** A shadow-stack pointer is canonical, and a multiple of four. */
const isPointer = (m: Machine, value: Bits<64>): Bits<1> =>
  m.and(isCanonical(m, value), m.isZero(m.and(value, m.constant(3, 64))))

/** Controls have no reserved bit, and do not both suppress and wait. */
function areControls(m: Machine, value: Bits<64>): Bits<1> {
  const both = m.constant(one64(cet.SUPPRESS) | one64(cet.TRACKER), 64)
  const plain = m.isZero(m.and(value, m.constant(0x3c0, 64)))
  return m.and(m.and(isCanonical(m, value), plain), m.not(m.equal(m.and(value, both), both)))
}
