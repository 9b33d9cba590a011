import {
  type Mandatory,
  type ModrmPattern,
  type OpcodePattern,
  type OpcodeRow,
  parseOpcode,
  placeOf,
  rows,
} from '@vmm/x86-opcodes'
import { type Fill, fillerOf } from './operands.ts'

/** A row in the form that decoding asks its questions in. */
export interface Candidate {
  readonly row: number
  readonly mnemonic: string
  readonly fillers: readonly Fill[]
  readonly mandatory: Mandatory
  /** REX.W or VEX.W must be this; -1: either. */
  readonly w: number
  /** VEX.L must be this; -1: either. */
  readonly l: number
  readonly noRexB: boolean
  /** ModRM under this mask must equal `modrmValue`. */
  readonly modrmMask: number
  readonly modrmValue: number
  /** ModRM must name memory. */
  readonly memoryOnly: boolean
  /** ModRM.mod means nothing: there is neither SIB nor displacement. */
  readonly anyMod: boolean
  readonly only64: boolean
  readonly not64: boolean
  readonly default64: boolean
  readonly force64: boolean
  readonly lock: boolean
  readonly rep: 'none' | 'rep' | 'repz'
  /** VEX.vvvv names an operand; elsewhere it must be 1111B. */
  readonly vvvv: boolean
}

/**
 * One opcode byte of a map: its rows, the most particular first, and the choices already made. A choice depends on a
 * selector (mode, prefixes, W, L: see `Reader.selector`) and on ModRM: not at all, by mod = 3 and reg, or wholly.
 */
export interface Slot {
  readonly candidates: readonly Candidate[]
  readonly modrm: 'none' | 'group' | 'whole'
  readonly choices: ((Candidate | null | undefined)[] | undefined)[]
}

/** Numbers of the maps in `Maps`: legacy maps 0 to 3, then those of VEX. */
export const vexMaps = 4
const mapCount = 8

/** For each map a slot a byte; undefined: no row. */
export type Maps = readonly (readonly (Slot | undefined)[])[]

function candidateOf(row: OpcodeRow, number: number, pattern: OpcodePattern): Candidate {
  const has = (attribute: OpcodeRow['attributes'][number]) => row.attributes.includes(attribute)
  const anyMod = has('anyMod')
  const places = row.operands.map(placeOf)
  const rm = anyMod ? undefined : places.find((place) => place.place === 'rm')
  const memoryOnly = rm?.place === 'rm' && rm.size === undefined
  const registerOnly = rm?.place === 'rm' && rm.memory === undefined
  const [mask, value] = modrmTest(pattern.modrm)
  return {
    row: number,
    mnemonic: row.mnemonic,
    fillers: row.operands.map(fillerOf),
    mandatory: pattern.mandatory,
    w: pattern.w ?? -1,
    l: pattern.l ?? -1,
    noRexB: has('noRexB'),
    modrmMask: mask | (registerOnly ? 0xc0 : 0),
    modrmValue: value | (registerOnly ? 0xc0 : 0),
    memoryOnly,
    anyMod,
    only64: has('only64'),
    not64: has('not64'),
    default64: has('default64'),
    force64: has('force64'),
    lock: has('lock'),
    rep: has('rep') ? 'rep' : has('repz') ? 'repz' : 'none',
    vvvv: places.some((place) => place.place === 'vvvv'),
  }
}

function modrmTest(modrm: ModrmPattern): readonly [mask: number, value: number] {
  switch (modrm.kind) {
    case 'none':
    case 'any':
      return [0, 0]
    case 'digit':
      return [0x38, modrm.value << 3]
    case 'register':
      return [0xf8, modrm.value]
    case 'exact':
      return [0xff, modrm.value]
    default:
      return modrm satisfies never
  }
}

const bitCount = (mask: number): number => mask.toString(2).replaceAll('0', '').length

/** How much a row asks for: rows that ask for more are tried first. */
const particularity = ({ modrmMask, memoryOnly, mandatory, w, noRexB }: Candidate): number =>
  bitCount(modrmMask) +
  (memoryOnly ? 2 : 0) +
  (mandatory === 'any' ? 0 : mandatory === 'NFx' ? 8 : 16) +
  (w < 0 ? 0 : 32) +
  (noRexB ? 64 : 0)

let built: Maps | undefined

/** The maps, made from the rows when first asked for. */
export function maps(): Maps {
  built ??= build()
  return built
}

interface Draft {
  readonly candidates: Candidate[]
  modrm: Slot['modrm']
}

function build(): Maps {
  const drafts: (Draft | undefined)[][] = Array.from({ length: mapCount }, () =>
    new Array<undefined>(256).fill(undefined),
  )
  rows.forEach((row, number) => {
    const pattern = parseOpcode(row.opcode)
    const map = drafts[pattern.map + (pattern.space === 'legacy' ? 0 : vexMaps)]!
    const candidate = candidateOf(row, number, pattern)
    const modrm = pattern.modrm.kind === 'none' ? 'none' : (candidate.modrmMask & 7) !== 0 ? 'whole' : 'group'
    for (let at = pattern.byte; at < pattern.byte + (pattern.register ? 8 : 1); at += 1)
      addTo(map, at, candidate, modrm)
  })
  return drafts.map((map) => map.map((draft) => draft && finish(draft)))
}

function addTo(map: (Draft | undefined)[], byte: number, candidate: Candidate, modrm: Slot['modrm']): void {
  const draft = map[byte]
  if (draft === undefined) {
    map[byte] = { candidates: [candidate], modrm }
    return
  }
  if ((draft.modrm === 'none') !== (modrm === 'none'))
    throw new Error(`rows disagree whether opcode ${byte.toString(16)} has a ModRM byte`)
  draft.candidates.push(candidate)
  if (modrm === 'whole') draft.modrm = 'whole'
}

function finish({ candidates, modrm }: Draft): Slot {
  candidates.sort((a, b) => particularity(b) - particularity(a))
  return { candidates, modrm, choices: [] }
}
