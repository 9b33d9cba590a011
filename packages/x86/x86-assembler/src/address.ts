import type { CodeSize } from '@vmm/x86-decoder'
import { inSigned } from './match.ts'
import type { LabelReference, Memory, Register } from './operand.ts'

/** A memory operand as ModRM.mod and r/m, SIB and displacement. */
export interface EncodedAddress {
  readonly addressSize: 16 | 32 | 64
  readonly mod: number
  readonly rm: number
  readonly sib: number | undefined
  /** REX.X and REX.B. */
  readonly x: number
  readonly b: number
  /** The fifth bit of an index that is a vector, and those of a base and an index that are general registers. */
  readonly highIndex?: number
  readonly b4?: number
  readonly x4?: number
  readonly displacement: {
    readonly value: bigint | LabelReference
    readonly bytes: 0 | 1 | 2 | 4
    readonly relative: boolean
  }
}

/** What a form asks of an address: what an 8-bit displacement counts, and a SIB byte. */
export interface AddressForm {
  readonly unit: number
  readonly sib: boolean
}

/** Encodes an address for some code, or says why it cannot be. */
export function encodeAddress(memory: Memory, codeSize: CodeSize, form: AddressForm): EncodedAddress | string {
  const { base, index } = memory
  if (base?.kind === 'rip') return form.sib ? 'RIP is no base here' : ripAddress(memory, codeSize)
  const addressSize = addressSizeOf(memory, codeSize)
  if (typeof addressSize === 'string') return addressSize
  if (base === undefined && index === undefined && !form.sib) return plainAddress(memory, codeSize, addressSize)
  if (addressSize !== 16) return addressOf(memory, addressSize, codeSize, form)
  return form.sib ? 'there is no SIB byte in 16-bit addresses' : address16(memory, form)
}

function addressSizeOf({ base, index, displacement }: Memory, codeSize: CodeSize): 16 | 32 | 64 | string {
  const scalar = index?.file === 'xmm' ? undefined : index
  const register = (base?.kind === 'register' ? base : undefined) ?? scalar
  if (register === undefined) {
    const wide =
      codeSize === 16 && typeof displacement === 'bigint' && (displacement > 0xffffn || displacement < -0x8000n)
    return wide ? 32 : codeSize
  }
  const { width, file } = register
  if (file !== 'gpr' || (width !== 16 && width !== 32 && width !== 64))
    return `${register.name} cannot be in an address`
  if (scalar !== undefined && scalar.width !== width) return 'base and index are of different sizes'
  if ((width === 64) !== (codeSize === 64) && (width === 64 || width === 16))
    return `no ${width}-bit addresses in ${codeSize}-bit code`
  return width
}

function ripAddress({ base, index, displacement }: Memory, codeSize: CodeSize): EncodedAddress | string {
  if (codeSize !== 64) return 'RIP-relative addresses are of 64-bit code'
  if (index !== undefined) return 'a RIP-relative address has no index'
  const relative = typeof displacement !== 'bigint'
  return {
    addressSize: base?.kind === 'rip' ? (base.width ?? 64) : 64,
    mod: 0,
    rm: 5,
    sib: undefined,
    x: 0,
    b: 0,
    displacement: { value: displacement, bytes: 4, relative },
  }
}

/** A displacement alone. In 64-bit code a label is relative to RIP unless asked otherwise, a number is absolute. */
function plainAddress(memory: Memory, codeSize: CodeSize, addressSize: 16 | 32 | 64): EncodedAddress | string {
  const { displacement } = memory
  if (codeSize === 64 && typeof displacement !== 'bigint' && displacement.addressing === 'relative')
    return ripAddress(memory, codeSize)
  if (addressSize === 64 && typeof displacement === 'bigint' && !inSigned(displacement, 32))
    return 'an absolute address takes 32 bits with sign'
  const sib = codeSize === 64 ? 0x25 : undefined
  const bytes = addressSize === 16 ? 2 : 4
  const rm = addressSize === 16 ? 6 : sib === undefined ? 5 : 4
  return { addressSize, mod: 0, rm, sib, x: 0, b: 0, displacement: { value: displacement, bytes, relative: false } }
}

/** The r/m field by base and index: BX is 3, BP 5, SI 6, DI 7. SDM 2A §2.1.5, Table 2-1. */
const rm16: Readonly<Record<string, number>> = {
  '3,6': 0,
  '3,7': 1,
  '5,6': 2,
  '5,7': 3,
  '6,': 4,
  '7,': 5,
  '5,': 6,
  '3,': 7,
}

function address16({ base, index, scale, displacement }: Memory, { unit }: AddressForm): EncodedAddress | string {
  const first = base?.kind === 'register' ? base : index
  const second = base === undefined ? undefined : index
  const key = (a: Register | undefined, b: Register | undefined) => `${a?.index ?? ''},${b?.index ?? ''}`
  const rm = rm16[key(first, second)] ?? rm16[key(second, first)]
  if (rm === undefined || scale !== 1) return '16-bit addresses are BX or BP, plus SI or DI'
  const [bytes, value] = displacementOf(displacement, 16, rm === 6, unit)
  return {
    addressSize: 16,
    mod: bytes,
    rm,
    sib: undefined,
    x: 0,
    b: 0,
    displacement: { value, bytes, relative: false },
  }
}

/** Bytes of a displacement, and what is in them: one byte counts units. */
function displacementOf<W extends 16 | 32>(
  value: Memory['displacement'],
  width: W,
  needed: boolean,
  unit: number,
): [bytes: 0 | 1 | (W extends 16 ? 2 : 4), value: Memory['displacement']] {
  if (typeof value === 'bigint') {
    if (value === 0n && !needed) return [0, value]
    const units = value / BigInt(unit)
    if (units * BigInt(unit) === value && inSigned(units, 8)) return [1, units]
  }
  return [(width / 8) as W extends 16 ? 2 : 4, value]
}

function addressOf(
  memory: Memory,
  addressSize: 32 | 64,
  codeSize: CodeSize,
  { unit, sib: wantsSib }: AddressForm,
): EncodedAddress | string {
  const { displacement } = memory
  const [base, index, scale] = arranged(memory)
  if (index?.index === 4 && index.file === 'gpr') return `${index.name} cannot be an index`
  if (codeSize !== 64 && ((base?.index ?? 0) > 7 || (index?.index ?? 0) > 7)) return 'R8 to R15 are of 64-bit code'
  if (typeof displacement === 'bigint' && !fitsDisplacement(displacement, addressSize))
    return 'a displacement takes 32 bits'
  const x = ((index?.index ?? 0) >> 3) & 1
  const b = ((base?.index ?? 0) >> 3) & 1
  const b4 = (base?.index ?? 0) >> 4
  const fifth = (index?.index ?? 0) >> 4
  const [highIndex, x4] = index?.file === 'xmm' ? [fifth, 0] : [0, fifth]
  if (base === undefined) {
    const sib = (Math.log2(scale) << 6) | ((index === undefined ? 4 : index.index & 7) << 3) | 5
    return {
      ...{ addressSize, mod: 0, rm: 4, sib, x, b, highIndex, b4, x4 },
      displacement: { value: displacement, bytes: 4, relative: false },
    }
  }
  const [bytes, value] = displacementOf(displacement, 32, (base.index & 7) === 5, unit)
  const needsSib = wantsSib || index !== undefined || (base.index & 7) === 4
  const sib = needsSib
    ? (Math.log2(scale) << 6) | ((index === undefined ? 4 : index.index & 7) << 3) | (base.index & 7)
    : undefined
  const mod = bytes === 4 ? 2 : bytes
  return {
    addressSize,
    mod,
    rm: needsSib ? 4 : base.index & 7,
    sib,
    x,
    b,
    highIndex,
    b4,
    x4,
    displacement: { value, bytes, relative: false },
  }
}

const fitsDisplacement = (value: bigint, addressSize: 32 | 64): boolean =>
  inSigned(value, 32) || (addressSize === 32 && BigInt.asUintN(32, value) === value)

/** An index that is not scaled is as good as a base, and SP must be the base. */
function arranged({
  base,
  index,
  scale,
}: Memory): [base: Register | undefined, index: Register | undefined, scale: number] {
  const first = base?.kind === 'register' ? base : undefined
  if (index?.file === 'xmm') return [first, index, scale]
  if (first === undefined && scale === 1) return [index, undefined, 1]
  if (scale === 1 && index?.index === 4 && first?.index !== 4) return [index, first, 1]
  return [first, index, index === undefined ? 1 : scale]
}
