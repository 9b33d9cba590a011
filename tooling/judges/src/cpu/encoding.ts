import { type OpcodePattern, type OpcodeRow, parseOpcode, placeOf } from '@vmm/x86-opcodes'
import type { Random } from './random.ts'

/** No instruction has more bytes. */
export const longest = 15

const mandatoryPrefixes = { any: [], NP: [], NFx: [], '66': [0x66], F2: [0xf2], F3: [0xf3] } as const
const vexPrefixes = { any: 0, NP: 0, NFx: 0, '66': 1, F3: 2, F2: 3 } as const
const maps = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]] as const

/** What of an opcode row its encoding depends on. */
export interface Form {
  readonly mnemonic: string
  readonly pattern: OpcodePattern
  readonly lockable: boolean
  readonly repeats: boolean
  /** An operand is in VEX.vvvv. */
  readonly vvvv: boolean
}

/** The form of a row. */
export function formOf({ mnemonic, opcode, attributes, operands }: OpcodeRow): Form {
  return {
    mnemonic,
    pattern: parseOpcode(opcode),
    lockable: attributes.includes('lock'),
    repeats: attributes.includes('rep') || attributes.includes('repz'),
    vvvv: operands.some((code) => placeOf(code).place === 'vvvv'),
  }
}

/** How rare things are, each once in so many times, and whether C4 is to be VEX outside 64-bit code: else it is LES mostly. */
export interface Habits {
  /** LOCK and a repeat prefix where the instruction takes none. */
  readonly lock: number
  readonly repeat: number
  readonly operandSize: number
  readonly addressSize: number
  readonly segment: number
  readonly vexEverywhere: boolean
}

/** A random encoding of a form with what may follow it: prefixes that it takes or not, any operands. It need not decode. */
export function encoded(random: Random, form: Form, codeSize: 16 | 32 | 64, habits: Habits): Uint8Array {
  const { pattern, lockable, repeats } = form
  const bytes: number[] = []
  if (random.once(lockable ? 3 : habits.lock)) bytes.push(0xf0)
  if (random.once(repeats ? 2 : habits.repeat)) bytes.push(random.pick([0xf2, 0xf3]))
  if (random.once(habits.operandSize)) bytes.push(0x66)
  if (random.once(habits.addressSize)) bytes.push(0x67)
  if (random.once(habits.segment)) bytes.push(random.pick([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]))
  bytes.push(
    ...(pattern.space === 'VEX'
      ? vex(random, form, habits.vexEverywhere && codeSize !== 64 ? 0xc0 : 0)
      : legacy(random, pattern, codeSize)),
  )
  const rest = random.bytes(longest + 1)
  // displacements and immediates are small more often than not
  if (!random.once(4)) for (let at = 1; at < 4; at += 1) rest[at] = random.pick([0, 0, 0, 0xff])
  return Uint8Array.from([...bytes, ...rest]).subarray(0, Math.max(longest, bytes.length))
}

function legacy(random: Random, pattern: OpcodePattern, codeSize: 16 | 32 | 64): number[] {
  const bytes: number[] = [...mandatoryPrefixes[pattern.mandatory]]
  if (codeSize === 64 && (pattern.w === 1 || random.once(2)))
    bytes.push(0x40 | (pattern.w === 1 ? 8 : 0) | random.below(16))
  bytes.push(...maps[pattern.map as 0 | 1 | 2 | 3], pattern.byte | (pattern.register ? random.below(8) : 0))
  if (pattern.modrm.kind !== 'none') bytes.push(modrm(random, pattern))
  return bytes
}

/** `noLes`: the two bits that tell VEX from LES where REX is not. */
function vex(random: Random, { pattern, vvvv }: Form, noLes: 0xc0 | 0): number[] {
  const w = pattern.w ?? random.below(2)
  // what names no register there is all ones, and else #UD
  const register = vvvv || random.once(40) ? random.below(16) : 15
  const third = (w << 7) | (register << 3) | ((pattern.l ?? random.below(2)) << 2) | vexPrefixes[pattern.mandatory]
  const second = (random.below(8) << 5) | pattern.map | noLes
  const opcode = pattern.modrm.kind === 'none' ? [pattern.byte] : [pattern.byte, modrm(random, pattern)]
  // two bytes say the same of map 0F, if W and B are clear
  const isShort = pattern.map === 1 && w === 0 && (second & 0x60) === 0x60 && random.once(2)
  return isShort ? [0xc5, (second & 0x80) | (third & 0x7f), ...opcode] : [0xc4, second, third, ...opcode]
}

function modrm(random: Random, { modrm: wanted }: OpcodePattern): number {
  const any = random.below(256)
  if (wanted.kind === 'digit') return (any & 0xc7) | (wanted.value << 3)
  if (wanted.kind === 'register') return wanted.value | (any & 7)
  return wanted.kind === 'exact' ? wanted.value : any
}
