import type { MandatoryPrefix, OpcodeMap } from './emulated.rows.ts'

/** What of an instruction with an operand in memory decides whether KVM's emulator has it. */
export interface MemoryInstruction {
  readonly map: OpcodeMap
  readonly opcode: number
  readonly prefix: MandatoryPrefix
  /** Bits 5:3 of the byte behind the opcode. */
  readonly reg: number
  readonly encoding: 'legacy' | 'VEX' | 'EVEX'
  /** Of opcode 63H, whether it is in 64-bit mode. */
  readonly long: boolean
}

/** Prefixes that choose nothing: segments, LOCK, the address size. */
const others: ReadonlySet<number> = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67, 0xf0])
const vexPrefixes: readonly MandatoryPrefix[] = ['none', '66', 'F3', 'F2']
const vexMaps: readonly (OpcodeMap | undefined)[] = [undefined, '0F', '0F38', '0F3A']

/**
 * Reads as much of an instruction that accesses memory; undefined where there are too few bytes. `isLong` is asked where 64-bit mode
 * makes another instruction of the same bytes. Source: SDM 2A §2.1, §2.3.
 */
export function readOpcode(bytes: Uint8Array, isLong: () => boolean): MemoryInstruction | undefined {
  let [at, prefix]: [number, MandatoryPrefix] = [0, 'none']
  for (; ; at += 1) {
    const byte = bytes[at]
    if (byte === undefined) return undefined
    if (byte === 0xf2) prefix = 'F2'
    else if (byte === 0xf3) prefix = 'F3'
    else if (byte === 0x66) prefix = prefix === 'none' ? '66' : prefix
    // outside 64-bit mode these would be INC and DEC of registers, which access no memory
    else if (!others.has(byte) && (byte & 0xf0) !== 0x40) return readBehind(bytes.subarray(at), prefix, isLong)
  }
}

function readBehind(bytes: Uint8Array, prefix: MandatoryPrefix, isLong: () => boolean): MemoryInstruction | undefined {
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes
  const legacy = { prefix, encoding: 'legacy', long: false } as const
  if (bytes.length < 2) return undefined
  if (first === 0x0f) {
    const map = second === 0x38 ? '0F38' : second === 0x3a ? '0F3A' : '0F'
    if (map === '0F') return { ...legacy, map, opcode: second, reg: regOf(third) }
    return { ...legacy, map, opcode: third, reg: regOf(fourth) }
  }
  if (first === 0x62) return { ...legacy, map: 'primary', opcode: first, reg: regOf(second), encoding: 'EVEX' }
  if (first === 0xc5 && (second >= 0xc0 || isLong())) return vex('0F', vexPrefixes[second & 3], third, fourth)
  if (first === 0xc4 && (second >= 0xc0 || isLong()))
    return vex(vexMaps[second & 0x1f], vexPrefixes[third & 3], fourth, bytes[4] ?? 0)
  return { ...legacy, map: 'primary', opcode: first, reg: regOf(second), long: first === 0x63 && isLong() }
}

const regOf = (modrm: number): number => (modrm >> 3) & 7

/** Maps that have no legacy instruction have none that is emulated: they are told as the last. */
function vex(
  map: OpcodeMap = '0F3A',
  prefix: MandatoryPrefix = 'none',
  opcode: number,
  modrm: number,
): MemoryInstruction {
  return { map, prefix, opcode, reg: regOf(modrm), encoding: 'VEX', long: false }
}
