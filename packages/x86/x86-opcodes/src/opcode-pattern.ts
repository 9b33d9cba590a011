/** A mandatory prefix: `any` none is asked for, `NP` 66 F2 F3 are all forbidden, `NFx` F2 and F3 are. */
export type Mandatory = 'any' | 'NP' | 'NFx' | '66' | 'F2' | 'F3'

/** How the opcode is introduced. */
export type EncodingSpace = 'legacy' | 'VEX' | 'EVEX'

/** What the ModRM byte must be: none; anything; one reg field; eight values from `value`; exactly `value`. */
export type ModrmPattern =
  | { readonly kind: 'none' | 'any' }
  | { readonly kind: 'digit' | 'register' | 'exact'; readonly value: number }

/** An immediate or code offset, by the manual's letters: its size in bytes is 1, 2, or depends on the operand size. */
export type Trailer = 'ib' | 'iw' | 'iz' | 'iv' | 'cb' | 'cz' | 'cp'

/** The opcode string of a row, taken apart. */
export interface OpcodePattern {
  readonly space: EncodingSpace
  readonly mandatory: Mandatory
  /** REX.W or VEX.W: must be this; undefined: either. */
  readonly w: 0 | 1 | undefined
  /** VEX.L: must be this (0: 128 bits or LZ); undefined: ignored. */
  readonly l: 0 | 1 | 2 | undefined
  /** 0: one byte; 1: 0F; 2: 0F 38; 3: 0F 3A. */
  readonly map: 0 | 1 | 2 | 3
  readonly byte: number
  /** `+r`: the low three bits of the opcode are a register. */
  readonly register: boolean
  readonly modrm: ModrmPattern
  readonly trailers: readonly Trailer[]
}

const legacy =
  /^(NP |NFx |66 |F2 |F3 )?(REX\.W )?(0F 38 |0F 3A |0F )?([0-9A-F]{2})(\+r)?(?: (\/[r0-7]|[0-9A-F]{2}(?:\+i)?))?((?: (?:ib|iw|iz|iv|cb|cz|cp))*)$/
const vector =
  /^(E?VEX)\.(LZ|LIG|L0|L1|128|256|512)(?:\.(NP|66|F2|F3))?\.(0F|0F38|0F3A)(?:\.(WIG|W0|W1))? ([0-9A-F]{2}) (\/[r0-7]|[0-9A-F]{2})((?: ib)?)$/

const legacyMaps: Readonly<Record<string, OpcodePattern['map']>> = { '0F ': 1, '0F 38 ': 2, '0F 3A ': 3 }
const vectorMaps: Readonly<Record<string, OpcodePattern['map']>> = { '0F': 1, '0F38': 2, '0F3A': 3 }
const lengths: Readonly<Record<string, OpcodePattern['l']>> = { LZ: 0, L0: 0, '128': 0, L1: 1, '256': 1, '512': 2 }

/** Takes the opcode string of a row apart. Throws on what is not the manual's notation: a mistake in a row. */
export function parseOpcode(opcode: string): OpcodePattern {
  const plain = legacy.exec(opcode)
  if (plain !== null) {
    const [, mandatory, w, map, byte, register, modrm, trailers] = plain
    return {
      space: 'legacy',
      mandatory: (mandatory?.trim() ?? 'any') as Mandatory,
      w: w === undefined ? undefined : 1,
      l: undefined,
      map: map === undefined ? 0 : legacyMaps[map]!,
      byte: Number.parseInt(byte!, 16),
      register: register !== undefined,
      modrm: modrmOf(modrm),
      trailers: trailersOf(trailers),
    }
  }
  const match = vector.exec(opcode)
  if (match === null) throw new Error(`not an opcode in the manual's notation: ${opcode}`)
  const [, space, l, mandatory, map, w, byte, modrm, trailers] = match
  return {
    space: space as EncodingSpace,
    mandatory: (mandatory ?? 'NP') as Mandatory,
    w: w === 'W0' ? 0 : w === 'W1' ? 1 : undefined,
    l: lengths[l!],
    map: vectorMaps[map!]!,
    byte: Number.parseInt(byte!, 16),
    register: false,
    modrm: modrmOf(modrm),
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
