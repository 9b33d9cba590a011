import { control, type ValueType, vectorOps } from '@vmm/wasm-encoder'
import { fastLayout } from '../src/fast-layout.ts'
import { add, brIf, bytesOf, type Code, i32, load, loop, plain, select, shl, store } from './wasm-words.ts'

/**
 * A lead is what an instruction begins with, as 32 bits for each byte of the window: what its opcode is looked up by, how long an address it has if it has a ModRM byte, and its prefixes. The opcode is
 * its byte, whether there is 66H (bit 8) or 0FH (bit 9) before it, whether it is TEST with an immediate (bit 10), and the code size (from bit 11 on). Lengths are as in steps, with those of heads from bit 4 on; of prefixes there are
 * three at most. All leads are made, sixteen at a time, whether or not an instruction begins there.
 */
export const leadFields = {
  opcode: { shift: 0, bits: 13 },
  address: { shift: 16, bits: 8 },
  prefixes: { shift: 24, bits: 8 },
} as const

/** Prefixes, as bits. */
const classes = { operandSize: 1, addressSize: 2, rex: 4, segment: 8, rep: 16, fsGs: 32 } as const
/** What an opcode is besides its byte; above it is the code size. */
const opcodeBits = { operandSize: classes.operandSize, second: 2, test: 4 } as const
const sizeShift = 3

/** Classes by the lower half of a byte, and by the upper one: a byte has those that both have. */
const [lowClasses, highClasses] = [new Array<number>(16).fill(classes.rex), new Array<number>(16).fill(0)]
const isOf = (high: readonly number[], low: readonly number[], name: number): void => {
  for (const half of high) highClasses[half]! |= name
  for (const half of low) lowClasses[half]! |= name
}
isOf([6], [6], classes.operandSize)
isOf([6], [7], classes.addressSize)
isOf([4], [], classes.rex)
isOf([2, 3], [6, 14], classes.segment)
isOf([6], [4, 5], classes.fsGs)
isOf([15], [0, 2, 3], classes.rep)

const names = [
  ...(['bytes', 'codeSize', 'at'] as const),
  ...([
    'low',
    'high',
    'half',
    'zero',
    'swapped',
    'size',
    'rm',
    'narrow',
    'wide',
    'here',
    'there',
    'class0',
    'class1',
  ] as const),
  ...(['one', 'two', 'three', 'odd', 'is0f', 'first', 'second', 'third', 'all', 'row'] as const),
  ...(['b0', 'b1', 'b2', 'b3', 'b4'] as const),
] as const
type Name = (typeof names)[number]
const [parameters, scalars] = [2, 3]

const get = (name: Name): Code => [control['local.get'], names.indexOf(name)]
const set = (name: Name, value: Code): Code => [...value, control['local.set'], names.indexOf(name)]

const splat = (byte: number): Code => plain('i8x16.splat', i32(byte))
const constant = (bytes: readonly number[]): Code => [...bytesOf((to) => to.opcode(vectorOps['v128.const'])), ...bytes]
const shuffle = (one: Code, other: Code, lanes: readonly number[]): Code => [
  ...[...one, ...other],
  ...bytesOf((to) => to.opcode(vectorOps['i8x16.shuffle'])),
  ...lanes,
]
const and = (one: Code, other: Code) => plain('v128.and', one, other)
const or = (one: Code, other: Code) => plain('v128.or', one, other)
const equal = (one: Code, other: Code) => plain('i8x16.eq', one, other)
/** The first where a mask is set, else the second. */
const choose = (mask: Code, one: Code, other: Code) => plain('v128.bitselect', one, other, mask)

const sixteen = Array.from({ length: 16 }, (_, lane) => lane)
/** Lanes of so many bytes in turns, of the lower or the upper halves of two vectors. */
const inTurns = (bytes: number, upper: number): readonly number[] =>
  sixteen.map((lane) => {
    const pair = Math.floor(lane / (2 * bytes))
    const other = Math.floor(lane / bytes) % 2
    return upper * 8 + pair * bytes + (lane % bytes) + other * 16
  })

const bytesAt = (further: number): Code => load('v128.load', get('at'), fastLayout.window + further)
const classOf = (bytes: Name): Code =>
  and(
    plain('i8x16.swizzle', get('low'), and(get(bytes), get('half'))),
    plain('i8x16.swizzle', get('high'), plain('i8x16.shr_u', get(bytes), i32(4))),
  )
/** What is so many bytes further, of two vectors side by side. */
const further = (one: Name, other: Name, by: number): Code =>
  shuffle(
    get(one),
    get(other),
    sixteen.map((lane) => lane + by),
  )

/** Masks of who has one, two or three prefixes at least, and the classes of all of them. */
const findPrefixes = (): Code => [
  ...set('first', further('class0', 'class1', 1)),
  ...set('second', further('class0', 'class1', 2)),
  ...set('one', plain('v128.not', equal(get('class0'), get('zero')))),
  ...set('two', plain('v128.andnot', get('one'), equal(get('first'), get('zero')))),
  ...set('three', plain('v128.andnot', get('two'), equal(get('second'), get('zero')))),
  ...set('all', or(get('class0'), or(and(get('first'), get('one')), and(get('second'), get('two'))))),
  ...set('odd', plain('v128.xor', get('one'), plain('v128.xor', get('two'), get('three')))),
]

const passed = ['b0', 'b1', 'b2', 'b3', 'b4'] as const

/** The three bytes behind prefixes and 0FH. */
const findBytes = (): Code => [
  ...passed.flatMap((name, by) => set(name, choose(get('two'), bytesAt(by + 2), by === 0 ? get('here') : bytesAt(by)))),
  ...passed.slice(1).flatMap((name, by) => set(passed[by]!, choose(get('odd'), get(name), get(passed[by]!)))),
  ...set('is0f', equal(get('b0'), splat(0x0f))),
  ...(['first', 'second', 'third'] as const).flatMap((name, by) =>
    set(name, choose(get('is0f'), get(passed[by + 1]!), get(passed[by]!))),
  ),
]

/**
 * How long addresses are, by ModRM.mod and by r/m where it counts (4, 5 or 6, four bytes each): a SIB byte, which belongs to the head, and a displacement. Source: SDM 2A §2.1.5, Tables 2-1 and 2-2.
 */
const sib = 0x11
const addressLengths = {
  narrow: [0, 1, 2, 0, 0, 1, 2, 0, 0, 1, 2, 0, 2, 1, 2, 0],
  wide: [0, 1, 4, 0, sib, sib + 1, sib + 4, 0, 4, 1, 4, 0, 0, 1, 4, 0],
} as const
const rmCounts = [0, 0, 0, 0, 4, 8, 12, 0, 0, 0, 0, 0, 4, 8, 12, 0]
const sibOnly = 4

/** The length of the address. `third` is no SIB byte any more then. */
const findAddress = (): Code => {
  const asked = equal(and(get('all'), splat(classes.addressSize)), get('zero'))
  const lengths = (table: 'narrow' | 'wide') => plain('i8x16.swizzle', get(table), get('row'))
  const noBase = and(equal(get('row'), splat(sibOnly)), equal(and(get('third'), splat(7)), splat(5)))
  return [
    ...set(
      'row',
      or(
        plain('i8x16.swizzle', get('rm'), and(get('second'), get('half'))),
        plain('i8x16.shr_u', get('second'), i32(6)),
      ),
    ),
    ...set(
      'third',
      choose(
        plain('v128.xor', asked, get('swapped')),
        plain('i8x16.add', lengths('wide'), and(noBase, splat(4))),
        lengths('narrow'),
      ),
    ),
  ]
}

/** Of F6H and F7H, TEST alone has an immediate. Source: SDM 2D, Table A-6, group 3. */
const isTest = (): Code =>
  plain(
    'v128.andnot',
    and(equal(and(get('first'), splat(0xfe)), splat(0xf6)), equal(and(get('second'), splat(0x30)), get('zero'))),
    get('is0f'),
  )

const finishLeads = (): Code => {
  const eleven = (name: Name): Code => and(get(name), splat(0x11))
  const row = or(
    and(get('all'), splat(opcodeBits.operandSize)),
    or(or(and(get('is0f'), splat(opcodeBits.second)), and(isTest(), splat(opcodeBits.test))), get('size')),
  )
  const prefixes = plain('i8x16.add', plain('i8x16.add', eleven('one'), eleven('two')), eleven('three'))
  const quarter = (number: number): Code => {
    const upper = number >> 1
    const opcode = shuffle(get('first'), get('row'), inTurns(1, upper))
    const lengths = shuffle(get('third'), get('all'), inTurns(1, upper))
    return store(
      'v128.store',
      shl(get('at'), i32(2)),
      fastLayout.leads + number * 16,
      shuffle(opcode, lengths, inTurns(2, number & 1)),
    )
  }
  return [...set('row', row), ...set('all', prefixes), ...[0, 1, 2, 3].flatMap(quarter)]
}

/** Makes the leads of so many bytes of the window. Takes how many there are and the code size. */
export function leadsCode(): { readonly locals: readonly ValueType[]; readonly code: Uint8Array } {
  const isRex = highClasses.map((name) => name & classes.rex)
  const rexes = plain('i8x16.splat', select(i32(-1), i32(0), plain('i32.eq', get('codeSize'), i32(2))))
  const begin = [
    ...set('low', constant(lowClasses)),
    ...set('high', plain('v128.andnot', constant(highClasses), plain('v128.andnot', constant(isRex), rexes))),
    ...set('half', splat(15)),
    ...set('size', plain('i8x16.splat', shl(get('codeSize'), i32(sizeShift)))),
    ...set('rm', constant(rmCounts)),
    ...set('narrow', constant(addressLengths.narrow)),
    ...set('wide', constant(addressLengths.wide)),
    ...set('swapped', plain('i8x16.splat', select(i32(0), i32(-1), get('codeSize')))),
    ...set('there', bytesAt(0)),
    ...set('class1', classOf('there')),
  ]
  const code = loop(
    set('here', get('there')),
    set('class0', get('class1')),
    set('there', bytesAt(16)),
    set('class1', classOf('there')),
    findPrefixes(),
    findBytes(),
    findAddress(),
    finishLeads(),
    set('at', add(get('at'), i32(16))),
    brIf(0, plain('i32.lt_s', get('at'), get('bytes'))),
  )
  const vectors = new Array<'v128'>(names.length - scalars).fill('v128')
  const numbers = new Array<'i32'>(scalars - parameters).fill('i32')
  return { locals: [...numbers, ...vectors], code: Uint8Array.from([...begin, ...code]) }
}
