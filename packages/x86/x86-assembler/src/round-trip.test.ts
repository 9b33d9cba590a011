/// <reference types="node" />
import { readFileSync } from 'node:fs'
import {
  type CodeSize,
  createDecoded,
  createDecoder,
  type Decoded,
  type DecodedOperand,
  noRegister,
  ripBase,
  rowOf,
} from '@vmm/x86-decoder'
import { type OpcodeRow, type OperandPlace, parseOpcode, placeOf, rows } from '@vmm/x86-opcodes'
import { describe, expect, test } from 'vitest'
import { formOfRow } from './forms.ts'
import { assembler, type FarPointer, far, type Memory, type Modifiers, type Operand, type Register } from './index.ts'
import * as registers from './registers.ts'
import { type SizeChoice, sizeChoices, widthOf } from './sizes.ts'

const all: readonly Register[] = Object.values(registers)

const withoutRex2 = [
  [0x4, 0x7, 0xa, 0xe],
  [0x3, 0x8],
]

/** Whether a row's general registers may be R16 to R31: behind EVEX, and where there may be REX2. */
function takesHigh({ opcode, attributes }: OpcodeRow): boolean {
  const { space, map, byte } = parseOpcode(opcode)
  if (space === 'EVEX' || space === 'REX2') return true
  return space === 'legacy' && map < 2 && !withoutRex2[map]!.includes(byte >> 4) && !attributes.includes('noRex2')
}

/** Registers of a file that one operand can name, different for each `turn`. */
function registerOf(place: OperandPlace, width: number, codeSize: CodeSize, turn: number, row: OpcodeRow): Register {
  const isEvex = row.opcode.startsWith('EVEX')
  const hasHigh = codeSize === 64 && takesHigh(row)
  const file = 'file' in place ? place.file : 'gpr'
  const list = all.filter((register) => {
    if (register.file !== file || (file === 'gpr' && register.width !== (width || codeSize))) return false
    if (file === 'xmm' && register.width !== Math.max(width, 128)) return false
    if (register.index > 15 && !(register.file === 'gpr' ? hasHigh : isEvex)) return false
    if (row.attributes.includes('notSp') && register.index === 4) return false
    if (place.place === 'fixed') return register.index === place.index && !register.highByte
    // CS cannot be loaded, RAX in the opcode is NOP, SPL to DIL and AH to BH do not mix
    if (register.index === (file === 'segment' ? 1 : 0) && file !== 'control') return false
    return codeSize === 64 ? !register.highByte : register.index < 8 && !(width === 8 && register.index > 3)
  })
  // operands at different places differ
  const shift = { rm: 0, reg: 1, vvvv: 2, is4: 3, opcode: 0, fixed: 0 }[place.place as 'rm']
  return list[(turn * 5 + shift) % list.length]!
}

const { rbx, rbp, rcx, r12, r13, r17, r20, r29, ebx, esi, ebp, bx, di, bp, fs } = registers

/** Addresses that take every shape of ModRM and SIB. */
function addresses(codeSize: CodeSize, size: number | undefined, hasHigh = false): readonly Memory[] {
  const at = (parts: Partial<Memory>): Memory => ({
    kind: 'memory',
    size,
    segment: undefined,
    base: undefined,
    index: undefined,
    scale: 1,
    displacement: 0n,
    ...parts,
  })
  const of32 = [
    at({ base: ebx, index: esi, scale: 4, displacement: -8n }),
    at({ base: ebp }),
    at({ index: esi, scale: 8, displacement: 0x12345n }),
  ]
  if (codeSize === 64) {
    return [
      at({ base: rbx, displacement: 0x7fn, segment: fs }),
      ...(hasHigh ? [at({ base: r17, index: r20, scale: 2 }), at({ base: r29, displacement: 0x40n })] : []),
      at({ base: r12 }),
      at({ base: r13, index: rcx, scale: 2 }),
      at({ base: rbp, index: r12, scale: 8, displacement: -0x80000000n }),
      at({ displacement: 0x1000n }),
      at({ base: { kind: 'rip' }, displacement: 0x20n }),
      ...of32,
    ]
  }
  return [
    at({ base: bx, index: di, displacement: 0x7fn, segment: fs }),
    at({ base: bp }),
    at({ base: di, displacement: -0x1234n }),
    at({ displacement: 0x1000n }),
    ...of32,
  ]
}

/** Those that a row takes: without RIP as base, with a SIB byte, or with a vector as index. */
function addressesFor(
  row: OpcodeRow,
  place: Extract<OperandPlace, { place: 'rm' }>,
  choice: SizeChoice,
  codeSize: CodeSize,
  turn: number,
): readonly Memory[] {
  const isWide = ({ base, index }: Memory) =>
    ![base, index].some((one) => one !== undefined && 'width' in one && one.width === 16)
  const list = addresses(codeSize, undefined, takesHigh(row) && place.index === undefined)
  const needsBase = place.sib === true || place.index !== undefined
  const careful = row.attributes.some((attribute) => attribute === 'notRip' || attribute === 'no16')
  const addressed = row.operands.includes('Ga')
  const wide = list.filter(
    (one) =>
      (!(needsBase || careful) || (isWide(one) && one.base?.kind !== 'rip' && one.base !== undefined)) &&
      // bounds have addresses of the code's size, as MOVDIR64B has a register like that
      (!(careful || addressed) ||
        (one.base !== undefined &&
          'width' in one.base &&
          one.base.width === (careful ? Math.max(codeSize, 32) : codeSize))),
  )
  if (place.index === undefined) return wide
  const width = Math.max(widthOf(place.index, choice), 128)
  const isEvex = row.opcode.startsWith('EVEX')
  const others = row.operands
    .map(placeOf)
    .flatMap((other) => (other.place === 'reg' || other.place === 'vvvv' ? [other] : []))
    .map((other) => registerOf(other, widthOf(other.size, choice), codeSize, turn + row.operands.length, row).index)
  const least = isEvex && codeSize === 64 ? 24 : 4
  const index = all.find(
    ({ file, width: bits, index: at }) =>
      file === 'xmm' && bits === width && at >= least && (codeSize === 64 || at < 8) && !others.includes(at),
  )!
  return wide.map((one) => ({ ...one, index, scale: 4 as const }))
}

interface Sample {
  readonly operand: Operand
  readonly place: OperandPlace
}

function sampleOf(row: OpcodeRow, place: OperandPlace, choice: SizeChoice, codeSize: CodeSize, turn: number): Operand {
  switch (place.place) {
    case 'rm': {
      const list = place.memory === undefined ? [] : addressesFor(row, place, choice, codeSize, turn)
      if (row.attributes.includes('ripOnly')) return list.find(({ base }) => base?.kind === 'rip')!
      if (place.size === undefined || (list.length > 0 && turn % 2 === 1)) return list[turn % list.length]!
      return registerOf(place, widthOf(place.size, choice), codeSize, turn, row)
    }
    case 'reg':
    case 'vvvv':
    case 'is4':
    case 'opcode':
    case 'fixed':
      return registerOf(place, widthOf(place.size, choice), codeSize, turn + row.operands.length, row)
    case 'immediate':
      return widthOf(place.encoded, choice) === 8 ? -1n : turn % 2 === 0 ? 0x1234n : -0x1234n
    case 'constant':
      return BigInt(place.value)
    case 'relative':
      return 0x1040n
    case 'moffs':
      return addresses(codeSize, undefined)[codeSize === 64 ? 4 : 3]!
    case 'far':
      return far(0x23, 0x1234)
    case 'nibble':
      return 3n
    default:
      return place satisfies never
  }
}

/** What is wrong with what came back, or undefined. */
function difference({ operand, place }: Sample, back: DecodedOperand, decoded: Decoded): string | undefined {
  if (typeof operand === 'bigint') return numberDifference(operand, place, back, decoded)
  const wanted = operand as Register | Memory | FarPointer
  if (wanted.kind !== back.kind) return `${wanted.kind} came back as ${back.kind}`
  if (wanted.kind === 'far') return back.low === 0x1234 && back.high === 0x23 ? undefined : 'another far pointer'
  if (wanted.kind === 'register') {
    const same = wanted.file === back.file && wanted.index === back.index && wanted.highByte === back.highByte
    return same && (wanted.file !== 'gpr' || wanted.width === back.width)
      ? undefined
      : `${wanted.name} came back as ${back.file} ${back.index}`
  }
  const number = (register: Register | undefined) => register?.index ?? noRegister
  const base = wanted.base?.kind === 'rip' ? ripBase : number(wanted.base)
  const same =
    decoded.base === base &&
    decoded.index === number(wanted.index) &&
    1 << decoded.scale === (wanted.index === undefined ? 1 : wanted.scale)
  return same && BigInt(decoded.displacement) === wanted.displacement ? undefined : 'another address'
}

function numberDifference(
  wanted: bigint,
  place: OperandPlace,
  back: DecodedOperand,
  decoded: Decoded,
): string | undefined {
  const value = (BigInt(back.high) << 32n) | BigInt(back.low >>> 0)
  const meant = place.place === 'relative' ? wanted - 0x1000n - BigInt(decoded.length) : wanted
  return BigInt.asUintN(back.width, meant) === BigInt.asUintN(back.width, value)
    ? undefined
    : `${wanted} came back as ${value}`
}

const decoded = createDecoded()
const { decode } = createDecoder(() => true)

/** Rows that have come back, by their numbers. */
const returned = new Set<number>()

function failures(codeSize: CodeSize): string[] {
  const found: string[] = []
  rows.forEach((row, number) => {
    // reserved NOPs lose some of their forms to rows that came later
    if (row.mnemonic === 'NOP' && row.attributes.includes('alias')) return
    if (row.attributes.includes(codeSize === 64 ? 'not64' : 'only64')) return
    for (const choice of sizeChoices(formOfRow(number), codeSize)) {
      if (choice.w && hasWideSibling(row)) continue
      for (let turn = 0; turn < 8; turn += 1) {
        const why = roundTrip(row, number, choice, codeSize, turn)
        if (why === undefined) returned.add(number)
        if (why !== undefined)
          found.push(`${row.opcode} ${row.mnemonic}, ${choice.size}-bit operands, turn ${turn}: ${why}`)
      }
    }
  })
  return found
}

/** With REX.W the same bytes are another row. */
function hasWideSibling({ opcode }: OpcodeRow): boolean {
  return rows.some((row) => row.opcode !== opcode && row.opcode.replace(/REX\.W |\.W1(?= )/, '') === opcode)
}

/** What EVEX can say beside operands, by turns. */
function vectorModifiers(row: OpcodeRow, samples: readonly Sample[], turn: number): Modifiers {
  const has = (...attributes: readonly string[]) => row.attributes.some((attribute) => attributes.includes(attribute))
  const inMemory = samples.some(
    ({ operand }) => typeof operand === 'object' && 'kind' in operand && operand.kind === 'memory',
  )
  const widest = samples.every(
    ({ operand, place }) =>
      place.place === 'immediate' || place.place === 'fixed' || (operand as Register).width !== 256,
  )
  const rounds =
    turn % 4 === 0 && !inMemory && widest && samples.some(({ operand }) => (operand as Register).width === 512)
  const masked = has('maskNeeded') || (turn % 4 >= 2 && has('mask', 'maskz'))
  const zeroes = masked && turn >= 4 && has('maskz') && !(inMemory && row.operands[0]!.startsWith('W'))
  return {
    ...(masked && { mask: registers.k3 }),
    ...(zeroes && { zeroing: true }),
    ...(inMemory && turn >= 4 && has('b16', 'b32', 'b64') && { broadcast: true }),
    ...(rounds && has('er') && { rounding: 'up' }),
    ...(rounds && has('sae') && { rounding: 'sae' }),
    ...(turn >= 4 && has('nf') && { noFlags: true }),
    ...(has('scc') && { condition: turn * 2 + 1, defaultFlags: 15 - turn }),
  }
}

const sameVectors = ({ mask, zeroing = false, broadcast = false, rounding, ...rest }: Modifiers): boolean =>
  decoded.noFlags === (rest.noFlags ?? false) &&
  decoded.condition === (rest.condition ?? 0) &&
  decoded.defaultFlags === (rest.defaultFlags ?? 0) &&
  decoded.mask === (mask?.index ?? 0) &&
  decoded.zeroing === zeroing &&
  decoded.broadcast === broadcast &&
  decoded.rounding === (rounding ?? 'none')

function roundTrip(
  row: OpcodeRow,
  number: number,
  choice: SizeChoice,
  codeSize: CodeSize,
  turn: number,
): string | undefined {
  const samples = row.operands.map(
    (code): Sample => ({ place: placeOf(code), operand: sampleOf(row, placeOf(code), choice, codeSize, turn) }),
  )
  const { bytes } = assembler({ origin: 0x1000, codeSize, with: ['APX_F'] })
    .with({ operandSize: choice.size, ...vectorModifiers(row, samples, turn) })
    .emitRow(number, ...samples.map(({ operand }) => operand))
    .finish()
  if (decode(bytes, 0, bytes.length, codeSize, decoded) !== undefined) return 'does not decode'
  if (row.opcode.startsWith('EVEX') && !sameVectors(vectorModifiers(row, samples, turn)))
    return 'another mask or rounding'
  if (decoded.length !== bytes.length || decoded.row !== number) return `came back as ${rowOf(decoded).opcode}`
  for (const [at, sample] of samples.entries()) {
    const why = difference(sample, decoded.operands[at]!, decoded)
    if (why !== undefined) return why
  }
  return undefined
}

describe('every row comes back from the decoder with its operands', () => {
  test('in 16-bit code', () => {
    expect(failures(16)).toEqual([])
  })

  test('in 32-bit code', () => {
    expect(failures(32)).toEqual([])
  })

  test('in 64-bit code', () => {
    expect(failures(64)).toEqual([])
  })

  test('as the table of coverage says', () => {
    const file = new URL('../../../../tooling/judges/data/coverage.json', import.meta.url)
    const table: { readonly rows: readonly { readonly assembled: boolean }[] } = JSON.parse(readFileSync(file, 'utf8'))
    const wrong = rows.filter((_, number) => table.rows[number]?.assembled !== returned.has(number))
    expect(table.rows.length).toBe(rows.length)
    expect(wrong.map(({ opcode, mnemonic }) => `${opcode} ${mnemonic}`)).toEqual([])
  })
})
