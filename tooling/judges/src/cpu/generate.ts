import { createDecoded, createDecoder, type Decoded, noRegister, ripBase } from '@vmm/x86-decoder'
import { type Attribute, rows } from '@vmm/x86-opcodes'
import { isExecuted } from '@vmm/x86-semantics'
import { encoded, type Form, formOf, type Habits, longest } from './encoding.ts'
import { exclusions } from './exclusions.rows.ts'
import type { Random } from './random.ts'
import { dataOffset, place, type Snippet } from './snippet.ts'
import { isNobodys, wildBytes } from './wild.ts'

const pageBytes = 4096
/** Bytes of the jump behind a snippet. */
const wayOut = 7
const gprCount = 16
/** Some forms never come to anything that is judged. */
const mostAttempts = 100
const bothSizes = [32, 64] as const
const [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI] = [0, 1, 2, 3, 4, 5, 6, 7]
const region = BigInt(place.data + dataOffset)
const middle = region + BigInt(place.dataBytes / 2)
/** CF PF AF ZF SF OF, and DF now and then. */
const arithmeticFlags = 0x8d5n
const directionFlag = 0x400n
const alignmentCheckFlag = 0x4_0000n
const fixedFlags = 0x202n
const habits: Habits = { lock: 40, repeat: 30, operandSize: 6, addressSize: 12, segment: 30, vexEverywhere: true }

interface SizedForm extends Form {
  /** Where it exists. */
  readonly sizes: readonly (32 | 64)[]
}

const { decode } = createDecoder(isExecuted)
const forms: readonly SizedForm[] = rows
  .filter(isExecuted)
  .filter(({ mnemonic }) => !Object.hasOwn(exclusions, mnemonic))
  .map((row) => ({ ...formOf(row), sizes: sizesOf(row.opcode, row.attributes) }))

/** REX.W is not there in 32-bit code. */
function sizesOf(opcode: string, attributes: readonly Attribute[]): readonly (32 | 64)[] {
  if (attributes.includes('not64')) return [32]
  return attributes.includes('only64') || opcode.includes('REX.W') ? [64] : [64, 32]
}

/** The mnemonics that are judged. */
export const judged: ReadonlySet<string> = new Set(forms.map(({ mnemonic }) => mnemonic))

/** Random snippets: instructions of every row, with operands in reach and values that matter. */
export class Generator {
  readonly #random: Random
  readonly #forms: readonly SizedForm[]
  readonly #wild: boolean
  #turn = 0
  readonly #decoded = createDecoded()

  constructor(random: Random, only?: string) {
    this.#random = random
    this.#wild = only === undefined
    this.#forms = only === undefined ? forms : forms.filter(({ mnemonic }) => mnemonic === only)
    if (this.#forms.length === 0) throw new RangeError(`no instruction ${only} is judged`)
  }

  /** Every form has its turn first, then chance has it. */
  next(): Snippet {
    const turn = this.#forms[this.#turn]
    this.#turn += 1
    for (let attempt = 0; ; attempt += 1) {
      const form = turn !== undefined && attempt < mostAttempts ? turn : this.#random.pick(this.#forms)
      const isWild = form !== turn && this.#wild && this.#random.once(8)
      const codeSize = isWild ? this.#random.pick(bothSizes) : this.#random.pick(form.sizes)
      const bytes = isWild ? wildBytes(this.#random, longest) : encoded(this.#random, form, codeSize, habits)
      const decoded = this.#decoded
      const failure = decode(bytes, 0, bytes.length, codeSize, decoded)
      if (isWild && failure === 'invalid' && isNobodys(bytes, codeSize)) return this.#refused(bytes, codeSize)
      if (failure !== undefined) continue
      if (
        Object.hasOwn(exclusions, decoded.mnemonic) ||
        touchesSegment(decoded) ||
        staysNear(decoded) ||
        isUndefined(decoded, bytes)
      )
        continue
      const gprs = this.#registers()
      if (!this.#aim(decoded, gprs)) continue
      const vectors = this.#vectors(decoded)
      const data = this.#data()
      if (decoded.mnemonic === 'POPF') withoutTrap(data, gprs)
      if (isArea(decoded.mnemonic) && !this.#random.once(4)) withValidMxcsr(data)
      return {
        code: bytes.slice(0, decoded.length),
        codeSize,
        gprs: codeSize === 32 ? gprs.map((value) => BigInt.asUintN(32, value)) : gprs,
        rflags: this.#flags(decoded),
        fx: vectors.fx,
        ...(vectors.upper === undefined ? {} : { upper: vectors.upper }),
        data,
      }
    }
  }

  /** Bytes that are no instruction, with registers that point to memory. */
  #refused(bytes: Uint8Array, codeSize: 32 | 64): Snippet {
    const gprs = this.#registers()
    for (let index = 0; index < gprCount; index += 1) if (this.#random.once(2)) gprs[index] = region
    return { code: bytes, codeSize, gprs, rflags: fixedFlags, fx: this.#floats(''), data: this.#data() }
  }

  #registers(): BigUint64Array {
    const gprs = BigUint64Array.from({ length: gprCount }, () => this.#integer())
    const near = () => middle + BigInt(this.#random.below(17) - 8)
    for (const register of [RSI, RDI, RBP, RSP]) gprs[register!] = near()
    return gprs
  }

  #integer(): bigint {
    const random = this.#random
    const special = [
      0n,
      1n,
      2n,
      0x7fn,
      0x80n,
      0xffn,
      0x7fffn,
      0x8000n,
      0xffffn,
      0x7fff_ffffn,
      0x8000_0000n,
      0xffff_ffffn,
    ]
    const wide = [(1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n, (1n << 64n) - 2n]
    if (random.once(3)) return random.pick([...special, ...wide])
    return random.once(3) ? BigInt(random.below(70)) : random.bits()
  }

  /** Sets registers so that memory is met. False where it cannot be. */
  #aim(decoded: Decoded, gprs: BigUint64Array): boolean {
    const random = this.#random
    if (decoded.rep !== 'none' || decoded.mnemonic.startsWith('LOOP')) gprs[RCX!] = BigInt(random.below(20))
    if (decoded.mnemonic === 'XLAT') gprs[RBX!] = region
    if (isArea(decoded.mnemonic)) return this.#aimAtArea(decoded, gprs)
    const operands = decoded.operands.slice(0, decoded.count)
    if (!operands.some(({ kind }) => kind === 'memory')) return true
    if (decoded.base === ripBase) return Math.abs(decoded.displacement) > pageBytes && random.once(8)
    if (decoded.base === noRegister) return random.once(8)
    if (decoded.base === decoded.index && decoded.indexWidth === 0) return false
    const isWide = operands.some(({ width }) => width >= 128)
    const offset = isWide || random.once(2) ? random.below(24) * 16 : random.below(400)
    const bits = operands.find(({ kind }) => kind === 'register')
    if (/^BT[CRS]?$/.test(decoded.mnemonic) && bits !== undefined) {
      gprs[bits.index] = BigInt.asUintN(64, BigInt(random.below(512) - 256))
    }
    const isIndexed = decoded.index !== noRegister && decoded.indexWidth === 0
    if (isIndexed && random.once(2)) gprs[decoded.index] = BigInt(random.below(64))
    const indexed = isIndexed ? gprs[decoded.index]! << BigInt(decoded.scale) : 0n
    const base = region + BigInt(offset) - indexed - BigInt(decoded.displacement)
    gprs[decoded.base] = BigInt.asUintN(64, random.once(40) ? random.bits() : base)
    return true
  }

  /** All of the data is the area. x87 and SSE are the components that both sides have. */
  #aimAtArea({ base, index, displacement, addressSize }: Decoded, gprs: BigUint64Array): boolean {
    if (addressSize === 16 || [ripBase, noRegister, RAX, RDX].includes(base) || index !== noRegister) return false
    gprs[RAX!] = BigInt(this.#random.below(4))
    gprs[RDX!] = 0n
    const offset = this.#random.once(8) ? this.#random.pick([1, 8]) : 0
    gprs[base] = BigInt.asUintN(64, region + BigInt(offset) - BigInt(displacement))
    return true
  }

  /** Upper halves are clear in one of two; a vector that indexes memory has small numbers mostly. */
  #vectors(decoded: Decoded): Pick<Snippet, 'fx' | 'upper'> {
    const random = this.#random
    const fx = this.#floats(decoded.mnemonic)
    const upper = new Uint8Array(256)
    const view = new DataView(upper.buffer)
    const isUsed = decoded.vectorLength === 256 || random.once(2)
    for (let at = 0; isUsed && at < upper.length; at += 8) view.setBigUint64(at, this.#float(), true)
    if (decoded.indexWidth !== 0) {
      for (const half of [fx.subarray(160), upper]) this.#index(half.subarray(decoded.index * 16), decoded)
      return { fx, upper }
    }
    return isUsed ? { fx, upper } : { fx }
  }

  /** Four indices of 32 bits or two of 64. */
  #index(to: Uint8Array, { mnemonic, scale }: Decoded): void {
    const random = this.#random
    const view = new DataView(to.buffer, to.byteOffset)
    const bits = /GATHERQ/.test(mnemonic) ? 64 : 32
    for (let at = 0; at < 16; at += bits / 8) {
      if (random.once(40)) continue
      const number = BigInt((random.below(512) - 256) >> scale)
      if (bits === 64) view.setBigInt64(at, number, true)
      else view.setInt32(at, Number(number), true)
    }
  }

  #flags(decoded: Decoded): bigint {
    const random = this.#random
    const direction = random.once(4) ? directionFlag : 0n
    const alignment = !isAlignedItsOwnWay(decoded) && random.once(8) ? alignmentCheckFlag : 0n
    return fixedFlags | (random.bits() & arithmeticFlags) | direction | alignment
  }

  #data(): Uint8Array {
    const random = this.#random
    const data = random.bytes(place.dataBytes).slice()
    const view = new DataView(data.buffer)
    for (let at = 0; at < data.length; at += 8) if (random.once(2)) view.setBigUint64(at, this.#float(), true)
    return data
  }

  /** A double, two singles, or any bits. */
  #float(): bigint {
    const random = this.#random
    const single = () => {
      const special = [
        0n,
        0x8000_0000n,
        0x7f80_0000n,
        0xff80_0000n,
        0x7fc0_0000n,
        0x7fa0_0000n,
        1n,
        0x0080_0000n,
        0x3f80_0000n,
      ]
      return random.once(3)
        ? random.pick(special)
        : (random.bits() & 0x807f_ffffn) | (BigInt(96 + random.below(64)) << 23n)
    }
    const special = [
      0n,
      1n << 63n,
      0x7ffn << 52n,
      0xfffn << 52n,
      0x7ff8n << 48n,
      0x7ff4n << 48n,
      1n,
      1n << 52n,
      0x3ffn << 52n,
    ]
    const kind = random.below(4)
    if (kind === 0) return random.bits()
    if (kind === 1) return (single() << 32n) | single()
    if (kind === 2) return random.pick(special)
    return (random.bits() & 0x800f_ffff_ffff_ffffn) | (BigInt(960 + random.below(128)) << 52n)
  }

  /** x87 with any stack, MXCSR with any rounding; exceptions are masked most of the time. */
  #floats(mnemonic: string): Uint8Array {
    const random = this.#random
    const fx = new Uint8Array(512)
    const view = new DataView(fx.buffer)
    const masks = random.once(6) ? random.below(64) : 0x3f
    view.setUint16(0, 0x40 | masks | (random.pick([0, 2, 3, 3, 3]) << 8) | (random.below(4) << 10), true)
    // no exception is pending: that would be all there is to see
    const sticky = mnemonic.startsWith('F') ? random.bits() & BigInt(masks) & 0x3fn : 0n
    view.setUint16(2, Number(sticky) | (random.below(8) << 11) | Number(random.bits() & 0x4700n), true)
    view.setUint8(4, random.once(2) ? 0xff : random.below(256))
    view.setUint32(
      24,
      (random.once(6) ? random.below(64) << 7 : 0x1f80) | (random.below(4) << 13) | (random.once(6) ? 0x8040 : 0),
      true,
    )
    for (let at = 32; at < 160; at += 16) {
      view.setBigUint64(at, random.once(6) ? this.#float() : random.bits() | (1n << 63n), true)
      view.setUint16(at + 8, this.#exponent(), true)
    }
    for (let at = 160; at < 416; at += 8) view.setBigUint64(at, this.#float(), true)
    return fx
  }

  #exponent(): number {
    const random = this.#random
    const exponent = random.once(5) ? random.pick([0, 1, 0x7ffe, 0x7fff]) : 0x3fff + random.below(140) - 70
    return exponent | (random.below(2) << 15)
  }
}

const touchesSegment = (decoded: Decoded): boolean =>
  decoded.operands.slice(0, decoded.count).some(({ kind, file }) => kind === 'register' && file === 'segment') ||
  /^(PUSH|POP)[C-GS]S$/.test(decoded.mnemonic)

/**
 * Where processors differ about alignment: unaligned 128 bits may be #AC (SDM 3A §6.15), AMD's have ENTER look at where the
 * stack will end, and load 32 bits for the MOVSXD of 16.
 */
const isAlignedItsOwnWay = ({ mnemonic, operandSize, operands, count }: Decoded): boolean =>
  mnemonic === 'ENTER' ||
  mnemonic.startsWith('V') ||
  isArea(mnemonic) ||
  (mnemonic === 'MOVSXD' && operandSize === 16) ||
  operands.slice(0, count).some(({ kind, width }) => kind === 'memory' && width === 128)

/** Saves or restores the state of x87 and SSE. */
const isArea = (mnemonic: string): boolean => /^F?X(SAVE|RSTOR)S?$/.test(mnemonic)

/** What is popped into the flags must not make the next instruction trap. */
function withoutTrap(data: Uint8Array, gprs: BigUint64Array): void {
  const at = Number(gprs[RSP!]! - region) + 1
  data[at] = data[at]! & 0xfe
}

/** No bits that MXCSR does not have: all restores would end there. */
function withValidMxcsr(data: Uint8Array): void {
  data.fill(0, 26, 28)
}

/** Branches into themselves, or into the way out behind them: they would not come back, or not as they are. */
const staysNear = ({ operands, count, length }: Decoded): boolean =>
  count > 0 &&
  operands[0]!.kind === 'relative' &&
  operands[0]!.low >= -length &&
  operands[0]!.low < wayOut &&
  operands[0]!.low !== 0

/** Near branches with 66H: Intel's processors ignore it, AMD's do not; LOOP that repeats; double shifts of 16 bits by more. */
function isUndefined({ mnemonic, operandSize, operands, count, length }: Decoded, bytes: Uint8Array): boolean {
  const isBranch = (count > 0 && operands[0]!.kind === 'relative') || /^(CALL|JMP|RET)$/.test(mnemonic)
  const prefixes = bytes.subarray(0, length)
  if (isBranch) return [0x66, 0xf2, 0xf3].some((prefix) => prefixes.includes(prefix))
  return operandSize === 16 && /^SH[LR]D$/.test(mnemonic)
}
