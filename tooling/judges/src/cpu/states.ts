import { type Decoded, noRegister, ripBase } from '@vmm/x86-decoder'
import type { Random } from './random.ts'
import { aimSegments, isOfSegments } from './segment-states.ts'
import { dataOffset, place, type Snippet, usualPkru } from './snippet.ts'

const pageBytes = 4096
const gprCount = 16
const [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI] = [0, 1, 2, 3, 4, 5, 6, 7]
const region = BigInt(place.data + dataOffset)
/** What is filled for all instructions; an area of XSAVE has more. */
const filledBytes = 512
const middle = region + BigInt(filledBytes / 2)
/** CF PF AF ZF SF OF, and DF now and then. */
const arithmeticFlags = 0x8d5n
const directionFlag = 0x400n
const alignmentCheckFlag = 0x4_0000n
const nestedTaskFlag = 0x4000n
const fixedFlags = 0x202n
/** Places in an area of XSAVE. Source: SDM 1 §13.4. */
const area = { inUse: 512, compaction: 520, reserved: 528, reservedBytes: 48, AVX: 576, end: 832 } as const

/** Random states: operands in reach, and values that matter. */
export class States {
  readonly #random: Random
  readonly #local: boolean

  /** `local`: the program that asks has a local descriptor table. */
  constructor(random: Random, local = false) {
    this.#random = random
    this.#local = local
  }

  /** An instruction with a state in which it meets its memory mostly; undefined where it cannot. */
  around(decoded: Decoded, bytes: Uint8Array, codeSize: 32 | 64): Snippet | undefined {
    const gprs = this.#registers()
    if (!this.#aim(decoded, gprs)) return undefined
    const vectors = this.#vectors(decoded)
    const data = this.#data()
    const code = bytes.slice(0, decoded.length)
    if (decoded.mnemonic === 'POPF') withoutTrap(data, gprs)
    if (isArea(decoded.mnemonic)) this.#area(decoded, data)
    if (isOfSegments(decoded)) aimSegments(this.#random, this.#local, { decoded, code, codeSize, gprs, data })
    const pkru = this.#numbered(decoded, gprs)
    return {
      code,
      codeSize,
      ...(pkru === undefined ? {} : { pkru }),
      gprs: codeSize === 32 ? gprs.map((value) => BigInt.asUintN(32, value)) : gprs,
      rflags: this.#flags(decoded),
      fx: vectors.fx,
      ...(vectors.upper === undefined ? {} : { upper: vectors.upper }),
      data,
    }
  }

  /** Bytes that are no instruction, with registers that point to memory. */
  refused(bytes: Uint8Array, codeSize: 32 | 64): Snippet {
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

  /** All of the data is the area. x87, SSE and AVX are the components that both sides have. */
  #aimAtArea({ base, index, displacement, addressSize }: Decoded, gprs: BigUint64Array): boolean {
    if (addressSize === 16 || [ripBase, noRegister, RAX, RDX].includes(base) || index !== noRegister) return false
    gprs[RAX!] = BigInt(this.#random.below(8))
    gprs[RDX!] = 0n
    const offset = this.#random.once(8) ? this.#random.pick([1, 8]) : 0
    gprs[base] = BigInt.asUintN(64, region + BigInt(offset) - BigInt(displacement))
    return true
  }

  /** An area to be restored: mostly one that may be, with components as they begin, and compacted where that may be. */
  #area({ mnemonic }: Decoded, data: Uint8Array): void {
    const random = this.#random
    if (!random.once(4)) withValidMxcsr(data)
    if (mnemonic.startsWith('F')) return
    const view = new DataView(data.buffer, data.byteOffset)
    for (let at = area.AVX; at < area.end; at += 8) view.setBigUint64(at, this.#float(), true)
    data[area.inUse] = random.below(8)
    if (random.once(3))
      view.setBigUint64(area.compaction, (1n << 63n) | BigInt(random.once(3) ? random.below(8) : 7), true)
    // what is reserved, and a component that nobody has
    if (random.once(12)) data[area.reserved + random.below(area.reservedBytes)] = 1 << random.below(8)
    if (random.once(20)) data[area.inUse + 7] = 0x40
  }

  /** What is chosen by a number in a register, and what protection keys are. */
  #numbered({ mnemonic }: Decoded, gprs: BigUint64Array): number | undefined {
    const random = this.#random
    const zeroMostly = () => (random.once(6) ? random.bits() : random.bits() & ~0xffff_ffffn)
    if (mnemonic === 'XGETBV') gprs[RCX!] = random.once(4) ? random.bits() | 2n : random.bits() & ~0xffff_ffffn
    if (mnemonic === 'CPUID') {
      gprs[RAX!] = (random.bits() & ~0xffff_ffffn) | (random.pick([0n, 0x8000_0000n]) + BigInt(random.below(0x20)))
      gprs[RCX!] = (random.bits() & ~0xffff_ffffn) | BigInt(random.below(4))
    }
    if (!mnemonic.endsWith('PKRU')) return undefined
    gprs[RCX!] = zeroMostly()
    if (mnemonic === 'WRPKRU') gprs[RDX!] = zeroMostly()
    // the key of the program's own pages stays open
    gprs[RAX!] = gprs[RAX!]! & ~3n
    return random.once(4) ? usualPkru : (random.word() & ~3) >>> 0
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
    const nested = decoded.mnemonic === 'IRET' && random.once(10) ? nestedTaskFlag : 0n
    return fixedFlags | (random.bits() & arithmeticFlags) | direction | alignment | nested
  }

  #data(): Uint8Array {
    const random = this.#random
    const data = new Uint8Array(place.dataBytes)
    data.set(random.bytes(filledBytes))
    const view = new DataView(data.buffer)
    for (let at = 0; at < filledBytes; at += 8) if (random.once(2)) view.setBigUint64(at, this.#float(), true)
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

/**
 * Where processors differ about alignment: unaligned 128 bits may be #AC (SDM 3A §6.15), AMD's have ENTER look at where the
 * stack will end, and load 32 bits for the MOVSXD of 16; Intel's load 16 bits for POP of a segment register.
 */
const isAlignedItsOwnWay = ({ mnemonic, operandSize, operands, count }: Decoded): boolean =>
  mnemonic === 'ENTER' ||
  mnemonic.startsWith('V') ||
  isArea(mnemonic) ||
  (mnemonic === 'MOVSXD' && operandSize === 16) ||
  (mnemonic === 'POP' && count > 0 && operands[0]!.file === 'segment') ||
  operands.slice(0, count).some(({ kind, width }) => kind === 'memory' && width === 128)

/** Saves or restores the state of x87 and SSE. */
const isArea = (mnemonic: string): boolean => /^F?X(?:SAVE(?:C|OPT|S)?|RSTORS?)$/.test(mnemonic)

/** What is popped into the flags must not make the next instruction trap. */
function withoutTrap(data: Uint8Array, gprs: BigUint64Array): void {
  const at = Number(gprs[RSP!]! - region) + 1
  data[at] = data[at]! & 0xfe
}

/** No bits that MXCSR does not have: all restores would end there. */
function withValidMxcsr(data: Uint8Array): void {
  data.fill(0, 26, 28)
}
