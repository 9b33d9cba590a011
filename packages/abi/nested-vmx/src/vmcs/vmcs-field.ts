import { vmcsFields } from './vmcs-fields.rows.ts'

/** A field of a VMCS, by the name that the kernel gives it. */
export type VmcsField = keyof typeof vmcsFields

/** What a field is: all of it but the name folds out of its encoding. */
export interface VmcsPlace {
  readonly field: VmcsField
  readonly says: string
  /** What VMREAD and VMWRITE ask for. */
  readonly encoding: number
  readonly width: VmcsWidth
  /** Bytes that it takes where everything is 64-bit: a natural-width field has eight. */
  readonly bytes: 2 | 4 | 8
  readonly group: VmcsGroup
  /** Its number among those of its width and group. */
  readonly index: number
  /** What VMREAD and VMWRITE ask for to get bits 63:32 of a 64-bit field; other fields have none. */
  readonly upperHalf: number | undefined
  /** VMWRITE writes it everywhere; exit information only where IA32_VMX_MISC bit 29 says so. */
  readonly access: 'read-write' | 'read-only'
}

/** How wide a field is. */
export type VmcsWidth = 16 | 32 | 64 | 'natural'

/** What a field is of. */
export type VmcsGroup = 'control' | 'read-only' | 'guest' | 'host'

/** What an encoding says, whether there is such a field or not. Source: SDM 3C 25.11.2, Table 25-21. */
export interface VmcsEncoding {
  readonly width: VmcsWidth
  readonly group: VmcsGroup
  readonly index: number
  /** Bits 63:32 of a 64-bit field. */
  readonly high: boolean
}

const widths = [16, 64, 32, 'natural'] as const
const bytesOf = { 16: 2, 32: 4, 64: 8, natural: 8 } as const
const groups = ['control', 'read-only', 'guest', 'host'] as const

/** Takes an encoding apart; nothing where reserved bits are set, or where a field that is not of 64 bits has an upper half. */
export function readEncoding(encoding: number): VmcsEncoding | undefined {
  const width = widths[(encoding >> 13) & 3] ?? 'natural'
  const high = (encoding & 1) !== 0
  if ((encoding & ~0x6fff) !== 0 || (high && width !== 64)) return undefined
  return { width, group: groups[(encoding >> 10) & 3] ?? 'control', index: (encoding >> 1) & 0x1ff, high }
}

function folded(field: VmcsField): VmcsPlace {
  const [encoding, says] = vmcsFields[field]
  const { width, group, index } = readEncoding(encoding) ?? { width: 64, group: 'control', index: 0 }
  return {
    field,
    says,
    encoding,
    width,
    bytes: bytesOf[width],
    group,
    index,
    upperHalf: width === 64 ? encoding + 1 : undefined,
    access: group === 'read-only' ? 'read-only' : 'read-write',
  }
}

/** Every field of the manual, in the order of its encodings. */
export const vmcsPlaces: readonly VmcsPlace[] = (Object.keys(vmcsFields) as VmcsField[]).map(folded)

const byName = Object.fromEntries(vmcsPlaces.map((place) => [place.field, place])) as Readonly<
  Record<VmcsField, VmcsPlace>
>

/** What a field is. */
export function vmcsPlaceOf(field: VmcsField): VmcsPlace {
  return byName[field]
}

const byEncoding = new Map<number, VmcsPlace>(
  vmcsPlaces.flatMap((place) => [
    [place.encoding, place] as const,
    ...(place.upperHalf === undefined ? [] : ([[place.upperHalf, place]] as const)),
  ]),
)

/** The field that an encoding names; the upper half of a 64-bit field has an encoding of its own. */
export function vmcsFieldAt(encoding: number): VmcsPlace | undefined {
  return byEncoding.get(encoding)
}
