import { sdm } from '@vmm/source'
import type { Bits, Machine, Width } from '../algebra.ts'
import type { Instruction } from '../instruction.ts'
import type { Memory, Place, RegisterOperand } from '../operand.ts'
import { type AnyVector, type AnyVectorPlace, avx, type Parts, readParts, writeParts } from './avx.ts'
import { zero128 } from './operand.ts'

type Element = 32 | 64

/** Calls for each element of a vector with its part and its number there. */
function elements(lane: Element, bits: number, each: (part: number, index: number, number: number) => void): void {
  const perPart = 128 / lane
  for (let number = 0; number < bits / lane; number += 1) each(Math.floor(number / perPart), number % perPart, number)
}

/** Elements whose mask has its top bit set; the others are zero and are not looked at. */
function loadMasked(m: Machine, lane: Element, to: AnyVectorPlace, masks: Parts, from: Memory<128 | 256>): void {
  const start = m.address(from)
  const parts = masks.map(() => m.variable(zero128(m)))
  elements(lane, from.width, (part, index, number) =>
    m.when(signOf(m, lane, masks[part]!, index), () => {
      const value = m.load('operand', m.add(start, m.constant((number * lane) / 8, 64)), lane)
      parts[part]!.set(m.vector.withLane(lane, parts[part]!.get(), index, m.zeroExtend(value, 64)))
    }),
  )
  writeParts(
    m,
    to,
    parts.map((part) => part.get()),
  )
}

/** All that are chosen can be stored before one is. */
function storeMasked(m: Machine, lane: Element, to: Memory<128 | 256>, masks: Parts, from: Parts): void {
  const start = m.address(to)
  const chosen = (act: (place: Bits<64>, value: Bits<64>) => void) =>
    elements(lane, to.width, (part, index, number) =>
      m.when(signOf(m, lane, masks[part]!, index), () =>
        act(m.add(start, m.constant((number * lane) / 8, 64)), m.vector.lane(lane, from[part]!, index)),
      ),
    )
  chosen((place) => m.check('operand', place, lane / 8, 'write'))
  chosen((place, value) => m.store('operand', place, m.truncate(value, lane)))
}

const signOf = (m: Machine, lane: Element, mask: Bits<128>, index: number): Bits<1> =>
  m.bit(m.vector.lane(lane, mask, index), lane - 1)

/** Conditional loads and stores. The mask is the second operand. */
const maskMove = (mnemonic: string, lane: Element): Instruction =>
  avx(
    mnemonic,
    sdm('2D', '5.3', `${mnemonic}—Conditional SIMD Packed Loads and Stores`),
    (m: Machine, to: AnyVectorPlace, mask: AnyVector, from: AnyVector) => {
      const masks = readParts(m, mask)
      if (to.kind === 'memory') storeMasked(m, lane, to as Memory<256>, masks, readParts(m, from))
      else loadMasked(m, lane, to, masks, from as Memory<256>)
    },
  )

interface Gather {
  /** Bits of an index and of an element. */
  readonly index: Element
  readonly lane: Element
}

/** Index number `number`, with its sign. */
function indexAt(m: Machine, lane: Element, indices: Parts, number: number): Bits<64> {
  const perPart = 128 / lane
  const value = m.vector.lane(lane, indices[Math.floor(number / perPart)]!, number % perPart)
  return lane === 32 ? m.signExtend(m.truncate(value, 32), 64) : value
}

/** Elements whose mask has its top bit set, wherever they are; each clears its mask, so that after a fault the others follow. */
function gatherElements(
  m: Machine,
  { index, lane }: Gather,
  to: RegisterOperand<128 | 256>,
  from: Memory<Width>,
  mask: RegisterOperand<128 | 256>,
): void {
  const indices = readParts(m, from.vectorIndex!)
  const bits = Math.min(to.width, (from.vectorIndex!.width / index) * lane)
  const values = readParts(m, to).map((part) => m.variable(part))
  const masks = readParts(m, mask).map((part) => m.variable(signsOf(m, lane, part)))
  const write = (register: RegisterOperand<128 | 256>, parts: typeof values) =>
    m.write(register as Place<128>, wholeOf(m, register, parts) as unknown as Bits<128>)
  write(mask, masks)
  m.commit()
  elements(lane, bits, (part, at, number) =>
    m.when(signOf(m, lane, masks[part]!.get(), at), () => {
      const value = m.load('operand', m.indexed(from, indexAt(m, index, indices, number)), lane)
      values[part]!.set(m.vector.withLane(lane, values[part]!.get(), at, m.zeroExtend(value, 64)))
      masks[part]!.set(m.vector.withLane(lane, masks[part]!.get(), at, m.constant(0, 64)))
      write(to, values)
      write(mask, masks)
      m.commit()
    }),
  )
  const all = values.map((value) => value.get())
  writeParts(m, to, bits < 128 ? [m.zeroExtend(m.truncate(all[0]!, 64), 128)] : all)
  writeParts(m, mask, [zero128(m)])
}

/** Each lane all ones or zero, by its top bit. */
const signsOf = (m: Machine, lane: Element, mask: Bits<128>): Bits<128> =>
  m.vector.zip(lane, 'greaterS', zero128(m), mask)

/** The variables of a register together, as wide as it is named. */
function wholeOf(
  m: Machine,
  { width }: RegisterOperand<128 | 256>,
  [low, high]: readonly { get(): Bits<128> }[],
): Bits<128> | Bits<256> {
  return width === 256 ? m.vector.pair(low!.get(), high!.get()) : low!.get()
}

const gather = (mnemonic: string, sizes: Gather): Instruction =>
  avx(
    mnemonic,
    sdm('2D', '5.3', `${mnemonic}—Gather Packed Values`),
    (m: Machine, to: RegisterOperand<128 | 256>, from: Memory<32 | 64>, mask: RegisterOperand<128 | 256>) =>
      gatherElements(m, sizes, to, from, mask),
  )

const gathers = (stem: string, suffixes: Readonly<Record<Element, string>>): readonly Instruction[] =>
  ([32, 64] as const).flatMap((index) =>
    ([32, 64] as const).map((lane) => gather(`${stem}${index === 32 ? 'D' : 'Q'}${suffixes[lane]}`, { index, lane })),
  )

/** Instructions that choose elements of memory. */
export const avxMemory: readonly Instruction[] = [
  maskMove('VMASKMOVPS', 32),
  maskMove('VMASKMOVPD', 64),
  maskMove('VPMASKMOVD', 32),
  maskMove('VPMASKMOVQ', 64),
  ...gathers('VPGATHER', { 32: 'D', 64: 'Q' }),
  ...gathers('VGATHER', { 32: 'PS', 64: 'PD' }),
]
