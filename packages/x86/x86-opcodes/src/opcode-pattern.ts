/** A mandatory prefix: `any` none is asked for, `NP` 66 F2 F3 are all forbidden, `NFx` F2 and F3 are. */
export type Mandatory = 'any' | 'NP' | 'NFx' | '66' | 'F2' | 'F3'

/** How the opcode is introduced. `3DNow!` is a legacy opcode, 0F 0F, whose own byte comes last. */
export type EncodingSpace = 'legacy' | '3DNow!' | 'VEX' | 'EVEX' | 'XOP' | 'REX2'

/** What the ModRM byte must be: none; anything; one reg field; eight values from `value`; exactly `value`. */
export type ModrmPattern =
  | { readonly kind: 'none' | 'any' }
  | { readonly kind: 'digit' | 'register' | 'exact'; readonly value: number }

/** An immediate or code offset, by the manual's letters: its size in bytes is 1, 2, or depends on the operand size. `/is4` is a byte with a register. */
export type Trailer = 'ib' | 'iw' | 'id' | 'iz' | 'iv' | 'cb' | 'cz' | 'cp' | '/is4'

/** The opcode string of a row, taken apart. */
export interface OpcodePattern {
  readonly space: EncodingSpace
  readonly mandatory: Mandatory
  /** REX.W or VEX.W: must be this; undefined: either. */
  readonly w: 0 | 1 | undefined
  /** VEX.L: must be this (0: 128 bits or LZ); undefined: any vector length that there is, or ignored. */
  readonly l: 0 | 1 | 2 | undefined
  /** LIG: the vector length is ignored. */
  readonly ignoresLength: boolean
  /** 0: one byte; 1: 0F; 2: 0F 38; 3: 0F 3A; 4 to 7: MAP4 to MAP7; 8 to 10: those of XOP. */
  readonly map: number
  readonly byte: number
  /** `+r`: the low three bits of the opcode are a register. */
  readonly register: boolean
  readonly modrm: ModrmPattern
  readonly trailers: readonly Trailer[]
}

const legacy =
  /^(NP |NFx |66 |F2 |F3 )?(REX\.W )?(0F 38 |0F 3A |0F )?([0-9A-F]{2})(\+r)?(?: (\/[r0-7]|[0-9A-F]{2}(?:\+i)?))?((?: (?:ib|iw|id|iz|iv|cb|cz|cp))*)$/
const suffixed = /^0F 0F \/r ([0-9A-F]{2})$/
const vector =
  /^(VEX|EVEX|XOP)(?:\.(LZ|LIG|L0|L1|128|256|512))?(?:\.(NP|NFx|66|F2|F3))?\.(0F|0F38|0F3A|MAP[4567]|08|09|0A)(?:\.(WIG|W0|W1))? ([0-9A-F]{2})(?: (\/[r0-7]|[0-9A-F]{2}))?((?: (?:ib|id|iz|\/is4))*)$/
const extended = /^(NP )?REX2\.(W0|W1) ([0-9A-F]{2})(\+r)?((?: iv)*)$/

const legacyMaps: Readonly<Record<string, number>> = { '0F ': 1, '0F 38 ': 2, '0F 3A ': 3 }
const vectorMaps: Readonly<Record<string, number>> = {
  ...{ '0F': 1, '0F38': 2, '0F3A': 3, MAP4: 4, MAP5: 5, MAP6: 6, MAP7: 7 },
  ...{ '08': 8, '09': 9, '0A': 10 },
}
const lengths: Readonly<Record<string, OpcodePattern['l']>> = { LZ: 0, L0: 0, '128': 0, L1: 1, '256': 1, '512': 2 }

/** Takes the opcode string of a row apart. Throws on what is not the manual's notation: a mistake in a row. */
export function parseOpcode(opcode: string): OpcodePattern {
  const parsed = legacyPattern(opcode) ?? suffixPattern(opcode) ?? vectorPattern(opcode) ?? rex2Pattern(opcode)
  if (parsed === undefined) throw new Error(`not an opcode in the manual's notation: ${opcode}`)
  return parsed
}

const plain = { w: undefined, l: undefined, ignoresLength: false, register: false } as const

function legacyPattern(opcode: string): OpcodePattern | undefined {
  const match = legacy.exec(opcode)
  if (match === null) return undefined
  const [, mandatory, w, map, byte, register, modrm, trailers] = match
  return {
    ...plain,
    space: 'legacy',
    mandatory: (mandatory?.trim() ?? 'any') as Mandatory,
    w: w === undefined ? undefined : 1,
    map: map === undefined ? 0 : legacyMaps[map]!,
    byte: Number.parseInt(byte!, 16),
    register: register !== undefined,
    modrm: modrmOf(modrm),
    trailers: trailersOf(trailers),
  }
}

function suffixPattern(opcode: string): OpcodePattern | undefined {
  const match = suffixed.exec(opcode)
  if (match === null) return undefined
  const byte = Number.parseInt(match[1]!, 16)
  return { ...plain, space: '3DNow!', mandatory: 'any', map: 1, byte, modrm: { kind: 'any' }, trailers: none }
}

function vectorPattern(opcode: string): OpcodePattern | undefined {
  const match = vector.exec(opcode)
  if (match === null) return undefined
  const [, space, l, mandatory, map, w, byte, modrm, trailers] = match
  return {
    ...plain,
    space: space as EncodingSpace,
    mandatory: (mandatory ?? 'NP') as Mandatory,
    w: w === 'W0' ? 0 : w === 'W1' ? 1 : undefined,
    l: l === undefined ? undefined : lengths[l],
    ignoresLength: l === 'LIG',
    map: vectorMaps[map!]!,
    byte: Number.parseInt(byte!, 16),
    modrm: modrmOf(modrm),
    trailers: trailersOf(trailers),
  }
}

/** What REX2 alone introduces. */
function rex2Pattern(opcode: string): OpcodePattern | undefined {
  const match = extended.exec(opcode)
  if (match === null) return undefined
  const [, mandatory, w, byte, register, trailers] = match
  return {
    ...plain,
    space: 'REX2',
    mandatory: mandatory === undefined ? 'any' : 'NP',
    w: w === 'W0' ? 0 : 1,
    map: 0,
    byte: Number.parseInt(byte!, 16),
    register: register !== undefined,
    modrm: { kind: 'none' },
    trailers: trailersOf(trailers),
  }
}

function modrmOf(text: string | undefined): ModrmPattern {
  if (text === undefined) return { kind: 'none' }
  if (text === '/r') return { kind: 'any' }
  if (text.startsWith('/')) return { kind: 'digit', value: Number(text.slice(1)) }
  return { kind: text.endsWith('+i') ? 'register' : 'exact', value: Number.parseInt(text, 16) }
}

function trailersOf(text: string | undefined): readonly Trailer[] {
  return text === undefined || text === '' ? none : (text.trim().split(' ') as Trailer[])
}

const none: readonly Trailer[] = []
