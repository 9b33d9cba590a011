import { ripBase } from './decoded.ts'
import { addressFields, put } from './record.ts'

const { base: baseField, index: indexField, scale: scaleField, segment: segmentField, addressSize } = addressFields

/** Bits of the tables above the fields of a record: a SIB byte follows; and how long the displacement is in bytes. */
export const sibFollows = 1 << 27
export const lengthShift = 28
/** The fields of a record. */
export const ofRecord = (1 << 24) - 1

const SS = 2
const DS = 3

const baseOf = (register: number): number => put(baseField, register + 1)
const segmentOf = (register: number): number => put(segmentField, register)
const bytes = (count: number): number => count << lengthShift

/** Bases and indices of 16-bit addresses by the r/m field, BX BP SI DI. Source: SDM 2A §2.1.5, Table 2-1. */
const pairs16 = [
  ...([
    [3, 6],
    [3, 7],
    [5, 6],
    [5, 7],
  ] as const),
  ...([
    [6, -1],
    [7, -1],
    [5, -1],
    [3, -1],
  ] as const),
]

function address16(mod: number, rm: number): number {
  if (mod === 0 && rm === 6) return bytes(2) | segmentOf(DS)
  const [base, index] = pairs16[rm]!
  return baseOf(base) | put(indexField, index + 1) | segmentOf(base === 5 ? SS : DS) | bytes(mod)
}

const displacementBytes = [0, 1, 4]

/** Source: SDM 2A §2.1.5, Tables 2-2 and 2-3; RIP-relative: §2.2.1.6. */
function address32(mod: number, rm: number, b: number, absoluteBase: number): number {
  if (rm === 4) return sibFollows
  if (mod === 0 && rm === 5) return baseOf(absoluteBase) | segmentOf(DS) | bytes(4)
  const base = rm | (b << 3)
  return baseOf(base) | segmentOf(base === 5 ? SS : DS) | bytes(displacementBytes[mod]!)
}

/**
 * What ModRM says of an address, by how addresses are made (four times 512), B (256) and ModRM; of a register it says none. Empty until there is a
 * decoder.
 */
export const addresses = new Int32Array(2048)

/** How addresses are made, as a place in `addresses`: by code size, twice, and whether there is 67H. */
export const addressKinds = [1536, 0, 0, 1536, 1024, 512] as const

/** What a SIB byte says of an address, by ModRM.mod (1024), X (512), B (256) and itself. Empty until there is a decoder. */
export const scaledAddresses = new Int32Array(3072)

/** Fills the tables of addresses. */
export function prepareAddresses(): void {
  for (let kind = 0; kind < 4; kind += 1) for (const b of [0, 1]) fillModrm(kind, b)
  for (let mod = 0; mod < 3; mod += 1) for (const b of [0, 1]) fillSib(mod, b)
}

/** The reg field says nothing of the address. */
function fillModrm(kind: number, b: number): void {
  for (let mod = 0; mod < 4; mod += 1) {
    const first = (kind << 9) | (b << 8) | (mod << 6)
    for (let rm = 0; rm < 8; rm += 1) addresses[first | rm] = addressOf(kind, b, mod, rm)
    for (const done of [8, 16, 32]) addresses.copyWithin(first + done, first, first + done)
  }
}

function addressOf(kind: number, b: number, mod: number, rm: number): number {
  const size = put(addressSize, kind === 3 ? 0 : kind === 2 ? 2 : 1)
  if (mod === 3) return size | segmentOf(DS)
  if (kind === 3) return size | address16(mod, rm)
  return size | address32(mod, rm, b, kind === 0 ? -1 : ripBase)
}

/** X, scale and index count together; index 100B without X is none. */
function fillSib(mod: number, b: number): void {
  const bases = Array.from({ length: 8 }, (_, base) => sibBase(mod, base | (b << 3)))
  for (let scaled = 0; scaled < 64; scaled += 1) {
    const index = (scaled & 7) | ((scaled >> 5) << 3)
    const indexed = index === 4 ? 0 : put(indexField, index + 1) | put(scaleField, (scaled >> 3) & 3)
    const first = (mod << 10) | ((scaled >> 5) << 9) | (b << 8) | ((scaled & 31) << 3)
    for (let base = 0; base < 8; base += 1) scaledAddresses[first | base] = indexed | bases[base]!
  }
}

/** Of the base, and the displacement that is there in any case. */
function sibBase(mod: number, base: number): number {
  if (mod === 0 && (base & 7) === 5) return segmentOf(DS) | bytes(4)
  return baseOf(base) | segmentOf(base === 4 || base === 5 ? SS : DS) | bytes(displacementBytes[mod]!)
}
