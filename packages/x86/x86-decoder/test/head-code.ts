import { control, type ValueType, vectorOps } from '@vmm/wasm-encoder'
import { fastLayout } from '../src/fast-layout.ts'
import { traits } from '../src/forms.ts'
import { recordSize, recordWords } from '../src/record.ts'
import {
  add,
  and,
  br,
  brIf,
  bytesOf,
  type Code,
  either,
  fill,
  formWord,
  get,
  i32,
  i64,
  load,
  loop,
  or,
  plain,
  record,
  sar,
  select,
  set,
  shl,
  shr,
  store,
  sub,
  table,
  when,
} from './wasm-words.ts'

/**
 * A head is an instruction without displacement and immediate. What was a head once is remembered with its record, in a line of 64 bytes: the words of the record that are not numbers,
 * where numbers are in words of their own, and a key, which is the bytes with a step above them. A step is how long an instruction is, and from bit 4 on how long its head. It is looked up by two
 * bytes, from a row of steps to another where prefixes and 0FH are; it may be wrong, and then the key is no head's. So where the next instruction begins is known before it is known what this one is.
 */
const rows = { plain: 0, operandSize: 1, second: 2, sib: 4 } as const
/** A step that is none: the byte is passed by, and the row is changed for that in the lowest bits. */
const passes = 0x80

const [rowShift, stepsShift, headsShift] = [16, 19, 21]
const [lineBytes, keyAt] = [recordSize * 4, 56]
/** What spreads keys, and how far to the right the places of lines are in the product: there are so many lines as bits. */
const [spread, lineBits] = [0x9e3779b97f4a7c15n, 15]

const windowByte = (place: Code, further = 0): Code => load('i32.load8_u', place, fastLayout.window + further)

/** The byte that REX prefixes are without their lowest bits; in code without them no byte is. */
const rexes = (codeSize: Code): Code => select(i32(0x40), i32(1), plain('i32.eq', codeSize, i32(2)))

const lanes = (from: number): Code => Array.from({ length: 8 }, (_, lane) => [from + lane, from + lane + 16]).flat()
const shuffle = (one: Code, other: Code, from: number): Code => [
  ...[...one, ...other],
  ...bytesOf((to) => to.opcode(vectorOps['i8x16.shuffle'])),
  ...lanes(from),
]

/** For each byte of the window this one and the next as an index of steps, or where it is REX the two behind it. Takes how many bytes there are and the code size. */
export function pairsCode(): { readonly locals: readonly ValueType[]; readonly code: Uint8Array } {
  const [size, codeSize, at, rex, first, second, high] = [0, 1, 2, 3, 4, 5, 6].map(
    (local): Code => [control['local.get'], local],
  ) as [Code, Code, Code, Code, Code, Code, Code]
  const to = (local: Code, value: Code): Code => [...value, control['local.set'], local[1]!]
  const bytes = (further: number): Code => load('v128.load', at, fastLayout.window + further)
  const choose = (further: number): Code => plain('v128.bitselect', bytes(further + 1), bytes(further), rex)
  const pair = (half: number): Code =>
    store('v128.store', shl(at, i32(1)), fastLayout.pairs + half * 16, shuffle(second, first, half * 8))
  const code = loop(
    to(rex, plain('i8x16.eq', plain('v128.and', bytes(0), plain('i8x16.splat', i32(0xf0))), high)),
    to(first, choose(0)),
    to(second, choose(1)),
    pair(0),
    pair(1),
    to(at, add(at, i32(16))),
    brIf(0, plain('i32.lt_s', at, size)),
  )
  const begin = to(high, plain('i8x16.splat', rexes(codeSize)))
  return { locals: ['i32', 'v128', 'v128', 'v128', 'v128'], code: Uint8Array.from([...begin, ...code]) }
}

/** What is the same for every instruction of a run. */
export const prepareHeads = (): Code => [
  ...set('rexes', rexes(get('codeSize'))),
  ...set('steps', shl(get('codeSize'), i32(stepsShift))),
  ...set('heads', shl(get('codeSize'), i32(headsShift))),
  ...set('quick', sub(get('size'), i32(14))),
  ...set('quick', select(get('stop'), get('quick'), plain('i32.lt_s', get('stop'), get('quick')))),
]

const stepAt = (index: Code): Code => load('i32.load8_s', add(get('steps'), index), fastLayout.steps)

/** What is behind so many bytes that were passed by, as an index of two bytes. */
const pairBehind = (): Code => [
  ...set(
    'value',
    plain('i32.wrap_i64', plain('i64.shr_u', get('first'), plain('i64.extend_i32_u', shl(get('taken'), i32(3))))),
  ),
  ...or(shl(and(get('value'), i32(0xff)), i32(8)), and(shr(get('value'), i32(8)), i32(0xff))),
]

/** The step from here, with all that is passed by; `next` becomes where it leads. Depth 0 is where there is none. */
const findStep = (): Code => [
  ...set('step', stepAt(load('i32.load16_u', shl(get('place'), i32(1)), fastLayout.pairs))),
  ...set('first', load('i64.load', get('place'), fastLayout.window)),
  ...set('taken', plain('i32.eq', and(plain('i32.wrap_i64', get('first')), i32(0xf0)), get('rexes'))),
  ...when(
    plain('i32.le_s', get('step'), i32(0)),
    loop(
      brIf(2, plain('i32.eqz', get('step'))),
      set('taken', add(get('taken'), i32(1))),
      brIf(2, plain('i32.gt_u', get('taken'), i32(6))),
      set('step', stepAt(or(shl(and(get('step'), i32(7)), i32(rowShift)), pairBehind()))),
      brIf(0, plain('i32.le_s', get('step'), i32(0))),
    ),
  ),
  ...set('next', add(add(get('place'), get('taken')), and(get('step'), i32(15)))),
  ...set('step', add(get('step'), plain('i32.mul', get('taken'), i32(0x11)))),
]

/** The key of a step and the bytes of the head, and where its line is. */
const findLine = (): Code => [
  ...set(
    'key',
    plain(
      'i64.or',
      plain(
        'i64.and',
        get('first'),
        plain(
          'i64.xor',
          plain('i64.shl', i64(-1n), plain('i64.extend_i32_u', and(shr(get('step'), i32(1)), i32(0x78)))),
          i64(-1n),
        ),
      ),
      plain('i64.shl', plain('i64.extend_i32_u', get('step')), i64(56n)),
    ),
  ),
  ...set(
    'head',
    add(
      get('heads'),
      and(
        plain(
          'i32.wrap_i64',
          plain(
            'i64.shr_u',
            plain('i64.mul', get('key'), i64(BigInt.asIntN(64, spread))),
            i64(BigInt(64 - lineBits - Math.log2(lineBytes))),
          ),
        ),
        i32(((1 << lineBits) - 1) * lineBytes),
      ),
    ),
  ),
]

/** Whether a line has another key. Of each place there are two: the second is the next line, or the one before. */
const isOther = (): Code => plain('i64.ne', load('i64.load', get('head'), fastLayout.heads + keyAt), get('key'))
const otherLine = (): Code => plain('i32.xor', get('head'), i32(lineBytes))

/** The words of a record that a line has, in sixteen bytes each: up to the third operand. */
const copied = [0, 16, 32]

/** A number as its word of the line says: 31 whether there is one, from 16 on bits that are zero above it, from 8 on where it is, and what it is shifted by. */
const numberOf = (word: keyof typeof recordWords): Code => [
  ...set('word', load('i32.load', get('head'), fastLayout.heads + recordWords[word] * 4)),
  ...set('value', load('i32.load', add(get('place'), and(shr(get('word'), i32(8)), i32(15))), fastLayout.window)),
  ...and(sar(shl(get('value'), get('word')), get('word')), shr(sar(get('word'), i32(31)), shr(get('word'), i32(16)))),
]

const numberWord = (bytes: Code, at: Code, zeros: Code): Code =>
  or(i32(1 << 31), shl(zeros, i32(16)), shl(sub(at, get('place')), i32(8)), sub(i32(32), shl(bytes, i32(3))))

/** The record of an instruction whose head is known. Depth 0 is the way of those that are not; `next` goes on with the next instruction, and `full` ends the run. */
export const fromHead = (next: number, full: number): Code => [
  ...set('step', i32(0)),
  ...brIf(0, plain('i32.ge_s', get('place'), get('quick'))),
  ...brIf(full, plain('i32.ge_u', get('at'), get('end'))),
  ...findStep(),
  ...findLine(),
  ...when(isOther(), set('head', otherLine()), brIf(1, isOther())),
  ...copied.flatMap((bytes) =>
    store('v128.store', get('at'), bytes, load('v128.load', get('head'), fastLayout.heads + bytes)),
  ),
  ...record('displacement', numberOf('displacement')),
  ...set('bytes', numberOf('low')),
  ...record('low', get('bytes')),
  ...record(
    'high',
    and(sar(get('bytes'), i32(31)), load('i32.load', get('head'), fastLayout.heads + recordWords.high * 4)),
  ),
  ...record('offset', add(get('offset'), get('place'))),
  ...set('place', get('next')),
  ...set('at', add(get('at'), i32(lineBytes))),
  ...br(next),
]

const rowOf = (row: Code, byte: Code): Code => add(add(get('steps'), shl(row, i32(rowShift))), shl(byte, i32(8)))

/** Prefixes are passed by: `value` becomes where the opcode is, and `row` how it is looked up. */
const learnPrefixes = (): Code => {
  const index = or(shl(get('codeSize'), i32(8)), get('byte'))
  return [
    ...set('value', get('place')),
    ...set('row', i32(rows.plain)),
    ...loop(
      set('byte', windowByte(get('value'))),
      when(
        table(fastLayout.kept, index),
        set('next', rowOf(get('row'), get('byte'))),
        set('row', select(i32(rows.operandSize), get('row'), plain('i32.eq', get('byte'), i32(0x66)))),
        fill(add(get('next'), i32(fastLayout.steps)), or(get('row'), i32(passes)), 256),
        set('value', add(get('value'), i32(1))),
        br(1),
      ),
    ),
  ]
}

const learnAt = (row: Code, byte: Code, value: Code): Code =>
  store('i32.store8', add(row, byte), fastLayout.steps, value)

/** The step from where `value` says on. */
const stepFrom = (): Code => or(sub(get('position'), get('value')), shl(sub(get('headEnd'), get('value')), i32(4)))

/** Where there is ModRM, and a SIB byte may have its own displacement: those have rows by the length of the immediate behind, 0, 1, 2 or 4. */
const learnSib = (): Code => [
  ...set('next', or(i32(rows.sib), sub(get('bytes'), plain('i32.eq', get('bytes'), i32(4))))),
  ...learnAt(get('row'), get('modrm'), or(i32(passes), get('next'))),
  ...set('value', add(get('value'), i32(1))),
  ...learnAt(rowOf(get('next'), get('modrm')), windowByte(get('value'), 1), stepFrom()),
]

/** How long what begins so is, for the next time: of an opcode without ModRM whatever follows. */
const learnStep = (): Code => [
  ...learnPrefixes(),
  ...set('next', plain('i32.eq', get('byte'), i32(0x0f))),
  ...when(
    and(get('next'), plain('i32.ne', get('kinds'), i32(0))),
    learnAt(rowOf(get('row'), get('byte')), windowByte(get('value'), 1), i32(passes | rows.second)),
    set('value', add(get('value'), i32(1))),
    set('row', i32(rows.second)),
    set('byte', windowByte(get('value'))),
  ),
  ...set('row', rowOf(get('row'), get('byte'))),
  ...either(
    or(get('next'), get('kinds')),
    either(
      and(
        plain('i32.eq', and(get('modrm'), i32(0xc7)), i32(4)),
        plain('i32.eq', sub(get('headEnd'), get('value')), i32(3)),
      ),
      learnSib(),
      learnAt(get('row'), windowByte(get('value'), 1), stepFrom()),
    ),
    fill(add(get('row'), i32(fastLayout.steps)), stepFrom(), 256),
  ),
]

const lineWord = (word: keyof typeof recordWords, value: Code): Code =>
  store('i32.store', get('head'), fastLayout.heads + recordWords[word] * 4, value)

/** Remembers the record that has been made, unless there was more about it than a head and two numbers. */
export const rememberHead = (): Code =>
  when(
    plain('i32.eqz', and(get('trait'), i32(traits.rare))),
    set('next', sub(get('headEnd'), get('place'))),
    when(
      plain('i32.lt_u', get('next'), i32(8)),
      set('next', or(sub(get('position'), get('place')), shl(get('next'), i32(4)))),
      when(plain('i32.ne', get('next'), get('step')), set('step', get('next')), learnStep()),
      set('first', load('i64.load', get('place'), fastLayout.window)),
      findLine(),
      // who came first came often
      when(plain('i64.ne', load('i64.load', get('head'), fastLayout.heads + keyAt), i64(0n)), set('head', otherLine())),
      copied.flatMap((bytes) =>
        store('v128.store', get('head'), fastLayout.heads + bytes, load('v128.load', get('at'), bytes)),
      ),
      store('i64.store', get('head'), fastLayout.heads + keyAt, get('key')),
      set('value', sub(sub(get('position'), get('bytes')), get('headEnd'))),
      lineWord('displacement', select(numberWord(get('value'), get('headEnd'), i32(0)), i32(0), get('value'))),
      set('value', plain('i32.clz', formWord('mask'))),
      lineWord(
        'low',
        select(
          numberWord(get('bytes'), sub(get('position'), get('bytes')), get('value')),
          i32(0),
          and(plain('i32.ne', get('bytes'), i32(0)), plain('i32.lt_u', get('value'), i32(32))),
        ),
      ),
      lineWord('high', formWord('sign')),
    ),
  )
