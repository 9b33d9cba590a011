import type { MemoryOp } from '@vmm/wasm-encoder'
import { fastLayout } from '../src/fast-layout.ts'
import { traits } from '../src/forms.ts'
import { recordSize, recordWords } from '../src/record.ts'
import { leadFields } from './lead-code.ts'
import {
  add,
  and,
  br,
  brIf,
  type Code,
  formWord,
  get,
  i32,
  i64,
  lanes,
  load,
  or,
  plain,
  record,
  select,
  set,
  shl,
  shr,
  store,
  sub,
  when,
} from './wasm-words.ts'

/**
 * A head is an instruction without displacement and immediate. What was a head once is remembered with its record, in 64 bytes: `headBytes`, and a key, which is the bytes with a step below them. A
 * step is how long an instruction is, and from bit 4 on how long its head. It is made of what the bytes begin with (`lead-code.ts`) and of what an opcode had the last time; it may be wrong, and then
 * the key is no head's. So where the next instruction begins is known before it is known what this one is.
 *
 * Of the record's first four words the length is not remembered. `numbers` says for each byte of displacement, low and high which byte of the instruction it is, and `signs` which bits of them are
 * signs; of `high` it is what of it is the sign of `low`. The fourth word behind operands, numbers and signs is nobody's.
 */
const headBytes = { signs: 0, key: 12, first: 16, operands: 32, numbers: 48 } as const

/** Heads of a code size: two are at a place, so many places as bits. */
const [headsShift, placeBits] = [22, 15]
const headSize = 64
const placeSize = 2 * headSize
/** What spreads keys. */
const spread = 0x9e3779b97f4a7c15n

/** What is the same for every instruction of a run. */
export const prepareHeads = (): Code => [
  ...set('heads', shl(get('codeSize'), i32(headsShift))),
  ...set('quick', sub(get('size'), i32(14))),
  ...set('quick', select(get('stop'), get('quick'), plain('i32.lt_s', get('stop'), get('quick')))),
]

const { opcode, address, prefixes } = leadFields
const fieldOf = ({ shift, bits }: { shift: number; bits: number }): Code =>
  and(shr(get('lead'), i32(shift)), i32((1 << bits) - 1))

/** How this instruction begins. */
const findLead = (): Code => set('lead', load('i32.load', shl(get('place'), i32(2)), fastLayout.leads))
const stepsOfOpcode = (): Code => shl(fieldOf(opcode), i32(1))

/** The step from here; `next` becomes where it leads. Depth 0 is where there is none. An opcode's step has above it what of the address counts, which is all or nothing. */
const findStep = (): Code => [
  ...findLead(),
  ...set('step', load('i32.load16_s', stepsOfOpcode(), fastLayout.steps)),
  ...brIf(0, plain('i32.eqz', get('step'))),
  ...set(
    'step',
    add(
      add(and(get('step'), i32(0xff)), shr(get('lead'), i32(prefixes.shift))),
      and(fieldOf(address), shr(get('step'), i32(8))),
    ),
  ),
  ...set('next', add(get('place'), and(get('step'), i32(15)))),
]

/** The key of a step and the bytes of the head, and the place of heads like it. */
const findPlace = (): Code => {
  const headBits = and(shr(get('step'), i32(1)), i32(0x78))
  const first = load('i64.load', get('place'), fastLayout.window)
  // of none of them, or eight, which a wrong step may say, nothing is left, and no head is like that
  const bytes = plain('i64.shl', plain('i64.shl', first, plain('i64.extend_i32_u', sub(i32(56), headBits))), i64(8n))
  const hashed = plain('i64.mul', get('key'), i64(BigInt.asIntN(64, spread)))
  const place = plain('i64.shr_u', hashed, i64(BigInt(64 - placeBits - Math.log2(placeSize))))
  return [
    ...set('key', plain('i64.or', bytes, plain('i64.extend_i32_u', get('step')))),
    ...set('head', add(get('heads'), and(plain('i32.wrap_i64', place), i32(((1 << placeBits) - 1) * placeSize)))),
  ]
}

const keyOf = (further: number): Code => load('i64.load', get('head'), fastLayout.heads + headBytes.key + further)
const part = (of: keyof typeof headBytes): Code => load('v128.load', get('head'), fastLayout.heads + headBytes[of])
const inRecord = (word: keyof typeof recordWords, value: Code): Code =>
  store('v128.store', get('at'), recordWords[word] * 4, value)

/** Displacement, low and high: bytes of the instruction, signed by what is signed; high is the sign of low. */
const numbers = (): Code => {
  const low = recordWords.low - recordWords.displacement
  const none = recordWords.high - recordWords.displacement
  return [
    ...set('signs', part('signs')),
    ...set('numbers', plain('i8x16.swizzle', load('v128.load', get('place'), fastLayout.window), part('numbers'))),
    ...set('numbers', plain('i32x4.sub', plain('v128.xor', get('numbers'), get('signs')), get('signs'))),
    ...inRecord(
      'displacement',
      plain(
        'v128.or',
        get('numbers'),
        plain('v128.and', plain('i32x4.shr_s', lanes(get('numbers'), [none, none, low, none]), i32(31)), get('signs')),
      ),
    ),
  ]
}

/** The record of an instruction whose head is known. Depth 0 is the way of those that are not; `next` goes on with the next instruction, and `full` ends the run. */
export const fromHead = (next: number, full: number): Code => [
  ...set('step', i32(0)),
  ...brIf(0, plain('i32.ge_s', get('place'), get('quick'))),
  ...brIf(full, plain('i32.ge_u', get('at'), get('end'))),
  ...findStep(),
  ...findPlace(),
  // without a branch, as nobody could foretell it
  ...set('head', add(get('head'), shl(plain('i64.ne', keyOf(0), get('key')), i32(Math.log2(headSize))))),
  ...brIf(0, plain('i64.ne', keyOf(0), get('key'))),
  ...inRecord('length', part('first')),
  ...record('length', and(get('step'), i32(15))),
  ...numbers(),
  ...inRecord('operands', part('operands')),
  ...record('offset', add(get('offset'), get('place'))),
  ...set('place', get('next')),
  ...set('at', add(get('at'), i32(recordSize * 4))),
  ...br(next),
]

/** What an opcode takes, for the next time: its step without prefixes and address. */
const learnStep = (): Code => [
  ...findLead(),
  ...set('value', sub(get('step'), shr(get('lead'), i32(prefixes.shift)))),
  ...store(
    'i32.store16',
    stepsOfOpcode(),
    fastLayout.steps,
    select(
      or(and(sub(get('value'), fieldOf(address)), i32(0xff)), i32(0xff00)),
      and(get('value'), i32(0xff)),
      get('kinds'),
    ),
  ),
]

const inHead = (op: MemoryOp, byte: number, value: Code): Code => store(op, get('head'), fastLayout.heads + byte, value)

/** The places of so many bytes from one on, in 32 bits, and FFH where there are no more. */
const placesOf = (bytes: Code, at: Code): Code => {
  const all = plain('i32.mul', at, i32(0x01010101))
  const beyond = plain('i64.shl', i64(-1n), plain('i64.extend_i32_u', shl(bytes, i32(3))))
  return or(add(all, i32(0x03020100)), plain('i32.wrap_i64', beyond))
}

/** The sign of a number of so many bytes as a bit; none of one of 4 bytes, or of none. */
const signOf = (bytes: Code): Code => and(shl(i32(1), sub(shl(bytes, i32(3)), i32(1))), i32(0x8080))

/** Fills the head that has been found for the record that has been made: `value` becomes how long its displacement is. */
const fillHead = (): Code => {
  const { signs, numbers } = headBytes
  const word = (name: 'displacement' | 'low' | 'high'): number => (recordWords[name] - recordWords.displacement) * 4
  const lowAt = sub(sub(get('position'), get('bytes')), get('place'))
  return [
    ...set('value', sub(sub(get('position'), get('bytes')), get('headEnd'))),
    ...inHead('v128.store', headBytes.first, load('v128.load', get('at'), recordWords.length * 4)),
    ...inHead('v128.store', headBytes.operands, load('v128.load', get('at'), recordWords.operands * 4)),
    ...inHead('i32.store', numbers + word('displacement'), placesOf(get('value'), sub(get('headEnd'), get('place')))),
    ...inHead('i32.store', numbers + word('low'), placesOf(get('bytes'), lowAt)),
    ...inHead('i32.store', numbers + word('high'), i32(-1)),
    ...inHead('i32.store', signs + word('displacement'), signOf(get('value'))),
    // what is cut off above has no sign
    ...inHead(
      'i32.store',
      signs + word('low'),
      select(signOf(get('bytes')), i32(0), plain('i32.eq', formWord('mask'), i32(-1))),
    ),
    ...inHead('i32.store', signs + word('high'), formWord('sign')),
    ...inHead('i64.store', headBytes.key, get('key')),
  ]
}

/** Of a number of one byte as of 16 bits, signed, the upper half is cut off: nothing here does that. */
const isPlain = (): Code =>
  or(plain('i32.eq', formWord('mask'), i32(-1)), plain('i32.eqz', shr(formWord('mask'), shl(get('bytes'), i32(3)))))

/** Remembers the record that has been made, unless there was more about it than a head and two numbers. */
export const rememberHead = (): Code =>
  when(
    and(plain('i32.eqz', and(get('trait'), i32(traits.rare))), isPlain()),
    set('next', sub(get('headEnd'), get('place'))),
    when(
      plain('i32.lt_u', get('next'), i32(8)),
      set('value', get('step')),
      set('step', or(sub(get('position'), get('place')), shl(get('next'), i32(4)))),
      when(plain('i32.ne', get('value'), get('step')), learnStep()),
      findPlace(),
      // who came first came often
      when(
        and(plain('i64.ne', keyOf(0), i64(0n)), plain('i64.ne', keyOf(0), get('key'))),
        set('head', add(get('head'), i32(headSize))),
      ),
      fillHead(),
    ),
  )
