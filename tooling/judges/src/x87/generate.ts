import { parseOpcode, rows } from '@vmm/x86-opcodes'
import type { Random } from '../cpu/random.ts'
import { dataOffset, place, type Snippet } from '../cpu/snippet.ts'
import { transcendental, undefinedCodes } from '../cpu/undefined.rows.ts'
import { float32s, float64s, float80s, integers } from './operands.rows.ts'

/** Several instructions one after another, and the state before the first. */
export interface Sequence {
  readonly mnemonics: readonly string[]
  readonly snippet: Snippet
}

interface Form {
  readonly mnemonic: string
  readonly encode: (random: Random) => number[]
}

/** Pointers to operands by number of the encoding, each to sixteen bytes of its own; none of them is AX, which FNSTSW writes. */
const pointers = [1, 2, 3, 6] as const
const rdi = 7
const slotBytes = 16
const pageBytes = 4096
const alignmentCheck = 1n << 18n
/** Where environments are in the data. */
export const environmentAt = 256
const mostBytes = 15
const escapes = [0xd8, 0xdf] as const
const region = BigInt(place.data + dataOffset)

const encoding = (opcode: string): Form['encode'] => {
  const { byte, modrm } = parseOpcode(opcode)
  if (modrm.kind === 'digit') return (random) => [byte, (modrm.value << 3) | random.pick(pointers)]
  if (modrm.kind === 'register') return (random) => [byte, modrm.value | random.below(8)]
  if (modrm.kind === 'exact') return () => [byte, modrm.value]
  return () => [byte]
}

/** FNSTENV, FNSAVE and their loads have larger operands, and come at the end or as forms of their own. */
export const large: ReadonlySet<string> = new Set(['FNSTENV', 'FNSAVE', 'FLDENV', 'FRSTOR'])

const escapeForms: readonly Form[] = rows
  .filter(({ opcode, mnemonic }) => {
    const { map, byte } = parseOpcode(opcode)
    return map === 0 && byte >= escapes[0] && byte <= escapes[1] && !large.has(mnemonic)
  })
  .map(({ opcode, mnemonic }) => ({ mnemonic, encode: encoding(opcode) }))

/** What a transcendental function leaves is approximate: nothing may compute with it, or store it. */
const exactForms = escapeForms.filter(({ mnemonic }) => !transcendental.has(mnemonic))

/** What touches the x87 state from elsewhere: FWAIT, EMMS, and MMX instructions on registers and memory. */
const others: readonly Form[] = [
  { mnemonic: 'FWAIT', encode: () => [0x9b] },
  { mnemonic: 'EMMS', encode: () => [0x0f, 0x77] },
  { mnemonic: 'PADDD', encode: (random) => [0x0f, 0xfe, 0xc0 | random.below(64)] },
  { mnemonic: 'MOVQ', encode: (random) => [0x0f, 0x6f, (random.below(8) << 3) | random.pick(pointers)] },
  { mnemonic: 'MOVQ', encode: (random) => [0x0f, 0x7f, (random.below(8) << 3) | random.pick(pointers)] },
]
const environments: readonly Form[] = [
  { mnemonic: 'FNSTENV', encode: (random) => [...sized(random), 0xd9, (6 << 3) | rdi] },
  { mnemonic: 'FNSAVE', encode: (random) => [...sized(random), 0xdd, (6 << 3) | rdi] },
  { mnemonic: 'FLDENV', encode: (random) => [...sized(random), 0xd9, (4 << 3) | rdi] },
  { mnemonic: 'FRSTOR', encode: (random) => [...sized(random), 0xdd, (4 << 3) | rdi] },
]
const starts = [...escapeForms, ...environments]
/** What a sequence can begin with. */
export const x87Mnemonics = [...new Set(starts.map(({ mnemonic }) => mnemonic))]

const sized = (random: Random): number[] => (random.once(3) ? [0x66] : [])

/** Random sequences; one in two is a single instruction, for what the operands alone do. */
export class SequenceGenerator {
  readonly #random: Random
  readonly #first: readonly string[]

  constructor(random: Random, only?: string) {
    this.#random = random
    this.#first = only === undefined ? x87Mnemonics : x87Mnemonics.filter((mnemonic) => mnemonic === only)
    if (this.#first.length === 0) throw new RangeError(`no x87 instruction ${only} is judged`)
  }

  next(): Sequence {
    const random = this.#random
    const first = random.pick(this.#first)
    const start = random.pick(starts.filter(({ mnemonic }) => mnemonic === first))
    const forms = transcendental.has(first) || random.once(2) ? [start] : [start, ...this.#rest(first)]
    const code: number[] = []
    const taken: string[] = []
    for (const { mnemonic, encode } of forms) {
      const bytes = encode(random)
      if (code.length + bytes.length > mostBytes) break
      code.push(...bytes)
      taken.push(mnemonic)
    }
    return { mnemonics: taken, snippet: this.#snippet(Uint8Array.from(code)) }
  }

  /** Up to three more, and often the environment, unless it would show what nobody defines. */
  #rest(first: string): readonly Form[] {
    const random = this.#random
    const more = Array.from({ length: random.below(4) }, () =>
      random.pick(random.once(4) ? others : random.once(8) ? environments.slice(2) : exactForms),
    )
    const isUndefined = [first, ...more.map(({ mnemonic }) => mnemonic)].some((each) =>
      Object.hasOwn(undefinedCodes, each),
    )
    if (isUndefined) return more.filter(({ mnemonic }) => mnemonic !== 'FNSTSW')
    return random.once(4) ? more : [...more, random.pick(environments)]
  }

  #snippet(code: Uint8Array): Snippet {
    const random = this.#random
    const gprs = BigUint64Array.from({ length: 16 }, () => random.bits())
    pointers.forEach((register, index) => {
      gprs[register] = this.#near(index * slotBytes, slotBytes)
    })
    gprs[rdi] = this.#near(environmentAt, 128)
    const checked = random.once(4) ? alignmentCheck : 0n
    return { code, gprs, rflags: 0x202n | checked | (random.bits() & 0x8d5n), fx: this.#floats(), data: this.#data() }
  }

  /** An address in the data; seldom one that is not aligned, or so near the end of its page that not all is there. */
  #near(offset: number, most: number): bigint {
    const random = this.#random
    if (random.once(40)) return BigInt(place.data + pageBytes - random.below(most))
    return region + BigInt(offset + (random.once(12) ? random.below(8) : 0))
  }

  #floats(): Uint8Array {
    const random = this.#random
    const fx = new Uint8Array(512)
    const view = new DataView(fx.buffer)
    const masks = random.once(3) ? random.below(64) : 0x3f
    view.setUint16(0, 0x40 | masks | (random.pick([0, 1, 2, 3]) << 8) | (random.below(4) << 10), true)
    const sticky = random.bits() & BigInt(masks)
    view.setUint16(2, Number(sticky | (random.bits() & 0x4740n)) | (random.below(8) << 11), true)
    view.setUint8(4, random.once(2) ? 0xff : random.below(256))
    view.setUint16(6, random.below(0x800), true)
    for (const at of [8, 16]) view.setUint32(at, Number(random.bits() & 0xffff_ffffn), true)
    view.setUint32(24, 0x1f80, true)
    for (let at = 32; at < 160; at += 16) putFloat80(view, at, this.#float80())
    return fx
  }

  /** One of those that matter, one near it, or any normal. */
  #float80(): bigint {
    const random = this.#random
    const sign = random.once(2) ? 1n << 79n : 0n
    const kind = random.below(4)
    if (kind < 2) return sign | random.pick(float80s)
    if (kind === 2) return sign | ((random.pick(float80s) ^ (random.bits() & 7n)) & ((1n << 79n) - 1n))
    const exponent = BigInt(0x3fff + random.below(200) - 100)
    return sign | (exponent << 64n) | random.bits() | (1n << 63n)
  }

  #data(): Uint8Array {
    const random = this.#random
    const data = random.bytes(place.dataBytes).slice()
    const view = new DataView(data.buffer)
    for (const index of pointers.keys()) this.#operand(view, index * slotBytes)
    this.#environment(view, environmentAt)
    return data
  }

  #operand(view: DataView, at: number): void {
    const random = this.#random
    const signed = (values: readonly bigint[], width: number) =>
      random.pick(values) | (random.once(2) ? 1n << BigInt(width - 1) : 0n)
    const kinds: readonly (() => void)[] = [
      () => putFloat80(view, at, this.#float80()),
      () => view.setUint32(at, Number(signed(float32s, 32)), true),
      () => view.setBigUint64(at, signed(float64s, 64), true),
      () => view.setBigUint64(at, random.pick(integers), true),
      () => putFloat80(view, at, this.#decimals()),
      () => {},
    ]
    random.pick(kinds)()
  }

  #decimals(): bigint {
    const digits = Array.from({ length: 18 }, () => this.#random.below(10)).join('')
    return BigInt(`0x${this.#random.once(2) ? '80' : '00'}${digits}`)
  }

  /** An environment in either size that can be loaded, mostly; then registers. */
  #environment(view: DataView, at: number): void {
    const random = this.#random
    const size = random.pick([2, 4])
    view.setUint16(at, 0x40 | (random.once(2) ? 0x3f : random.below(64)) | (random.below(64) << 8), true)
    view.setUint16(at + size, random.below(0x8000), true)
    for (let register = 0; register < 8; register += 1) putFloat80(view, at + 7 * size + register * 10, this.#float80())
  }
}

function putFloat80(view: DataView, at: number, value: bigint): void {
  view.setBigUint64(at, BigInt.asUintN(64, value), true)
  view.setUint16(at + 8, Number(value >> 64n), true)
}
