/**
 * What prefixes said, in the bits of one number. The lowest six are what the choice of a row depends on: behind legacy prefixes REX.B, REX.W, 66H and
 * the last of F2 and F3; behind VEX, EVEX and XOP EVEX.b, W, pp and L, in EVEX map 4 NF for L.
 */
export const stateBits = {
  ...{ rexB: 1, evexB: 1, w: 2, nf: 0x10, operandSize: 4, repeat: 0x18, repeatF3: 8, repeatF2: 0x10, chosenBy: 0x3f },
  /** B, X and R again, where registers are made of them. */
  ...{ b: 0x100, x: 0x200, r: 0x400, rex: 0x800 },
  ...{ addressSize: 0x1000, lock: 0x2000, segment: 0x4000 },
  /** One more than the segment register that a prefix chose. */
  override: 0x3_8000,
  ...{ vector: 0x4_0000, evex: 0x8_0000 },
  /** The last prefix of a segment is 3E. */
  noTrack: 0x10_0000,
  rex2: 0x20_0000,
} as const

/** Bits below the segment override, pp and L. */
export const [overrideShift, ppShift, lengthShift] = [15, 2, 4]

const {
  rexB,
  w,
  operandSize,
  repeat,
  repeatF3,
  repeatF2,
  b,
  x,
  r,
  rex,
  addressSize,
  lock,
  segment,
  override,
  noTrack,
} = stateBits

const ofRex = rexB | w | b | x | r | rex

interface Effect {
  /** What stays of what was said before. */
  readonly keeps: number
  readonly adds: number
}

/** REX counts only directly before the opcode: any prefix forgets it. */
const effect = (adds: number, forgets = 0): Effect => ({ keeps: ~(ofRex | forgets), adds })

/** In 64-bit code ES, CS, SS and DS are ignored, and an FS or GS before them stays. */
function segmentEffect(register: number, codeSize: number): Effect {
  const adds = segment | (register === 3 ? noTrack : 0)
  if (codeSize === 2 && register < 4) return effect(adds, noTrack)
  return effect(adds | ((register + 1) << overrideShift), override | noTrack)
}

/** What a byte is as a prefix, by code size: 0 for 16 bits, 1 for 32, 2 for 64. Source: SDM 2A §2.1.1 and §2.2.1. */
function effectOf(byte: number, codeSize: number): Effect | undefined {
  if (codeSize === 2 && byte >> 4 === 4) {
    const [high, low] = [(byte & 8 ? w : 0) | (byte & 4 ? r : 0), (byte & 2 ? x : 0) | (byte & 1 ? rexB | b : 0)]
    return effect(rex | high | low)
  }
  switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
      return segmentEffect((byte >> 3) & 3, codeSize)
    case 0x64:
    case 0x65:
      return segmentEffect(byte - 0x60, codeSize)
    case 0x66:
      return effect(operandSize)
    case 0x67:
      return effect(addressSize)
    case 0xf0:
      return effect(lock)
    case 0xf2:
      return effect(repeatF2, repeat)
    case 0xf3:
      return effect(repeatF3, repeat)
    default:
      return undefined
  }
}

/** What a prefix leaves of the state, by code size (256) and byte; 0 for bytes that are no prefixes. Empty until there is a decoder. */
export const kept = new Int32Array(768)

/** What a prefix adds to the state, likewise. */
export const added = new Int32Array(768)

/** Every byte that is a prefix somewhere. */
const bytes = [
  ...[0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3],
  ...Array.from({ length: 16 }, (_, rest) => 0x40 | rest),
]

/** Fills the tables of prefixes. */
export function preparePrefixes(): void {
  for (let codeSize = 0; codeSize < 3; codeSize += 1)
    for (const byte of bytes) {
      const found = effectOf(byte, codeSize)
      kept[(codeSize << 8) | byte] = found?.keeps ?? 0
      added[(codeSize << 8) | byte] = found?.adds ?? 0
    }
}
