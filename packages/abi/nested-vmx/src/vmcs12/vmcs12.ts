import { readBytes, writeBytes } from '../vmcs/field-bytes.ts'
import { type VmcsPlace, vmcsPlaceOf } from '../vmcs/vmcs-field.ts'
import { vmcs12Fields, vmcs12Head } from './vmcs12-fields.rows.ts'

/** A field of the VMCS that a hypervisor in the guest keeps, by the name that KVM and the manual's tables give it. */
export type Vmcs12Field = keyof typeof vmcs12Fields

/** Where each field is. A copy, because to V8 a literal of so many names is a hash table; what is read of this are constants. */
export const vmcs12Offsets: typeof vmcs12Fields = { ...vmcs12Fields }

/** Values of fields; of those that are left out nothing is said. */
export type Vmcs12Values = { readonly [F in Vmcs12Field]?: bigint }

/** Reads fields of one region. */
export type Vmcs12Reader = (field: Vmcs12Field) => bigint

/** What a field is, and where it lies. */
export interface Vmcs12Place extends VmcsPlace {
  readonly field: Vmcs12Field
  /** Where it is in a region. */
  readonly offset: number
}

/**
 * The revision that a region begins with. It is the same in every release: guests are migrated with their regions.
 *
 * Source: arch/x86/kvm/vmx/vmcs12.h VMCS12_REVISION (Linux 6.12).
 */
export const vmcs12Revision = 0x11e5_7ed0

/** Bit 31 of a region's first word: it is the VMCS that another one shadows. */
export const shadowIndicator = 0x8000_0000

/** Bytes of a region, as IA32_VMX_BASIC tells them. */
export const vmcsRegionBytes = 0x1000

/** Every field, in the order of the encodings. */
export const vmcs12Places: readonly Vmcs12Place[] = (Object.keys(vmcs12Fields) as Vmcs12Field[]).map((field) => ({
  ...vmcsPlaceOf(field),
  field,
  offset: vmcs12Fields[field],
}))

/** Bytes of a region that hold something: `sizeof(struct vmcs12)`, which is packed. */
export const vmcs12Bytes: number = Math.max(...vmcs12Places.map(({ offset, bytes }) => offset + bytes))

const places = Object.fromEntries(vmcs12Places.map((place) => [place.field, place])) as Readonly<
  Record<Vmcs12Field, Vmcs12Place>
>

/** A region's fields; nothing beyond its end is read as anything but 0. */
export function vmcs12Reader(region: Uint8Array): Vmcs12Reader {
  const view = viewOf(region)
  return (field) => readBytes(view, places[field])
}

/** A copy of a region with other values in some fields. */
export function vmcs12With(region: Uint8Array, values: Vmcs12Values): Uint8Array {
  const copy = region.slice()
  const view = viewOf(copy)
  for (const [field, value] of Object.entries(values) as [Vmcs12Field, bigint][]) writeBytes(view, places[field], value)
  return copy
}

/** A region with these fields, and 0 in all others. */
export function vmcs12Of(values: Vmcs12Values, revision: number = vmcs12Revision): Uint8Array {
  const region = new Uint8Array(vmcsRegionBytes)
  viewOf(region).setUint32(vmcs12Head.REVISION, revision, true)
  return vmcs12With(region, values)
}

/** The first word of a region: its revision, and in bit 31 whether it is one that another shadows. */
export function revisionOf(region: Uint8Array): number {
  return region.length < 4 ? 0 : viewOf(region).getUint32(vmcs12Head.REVISION, true)
}

/** Whether a region has been launched: what VMLAUNCH and VMRESUME look at. */
export function isLaunched(region: Uint8Array): boolean {
  return viewOf(region).getUint32(vmcs12Head.LAUNCH_STATE, true) !== 0
}

/** The field that VMREAD or VMWRITE asks for; the upper half of one with 64 bits has an encoding of its own. */
export function vmcs12At(encoding: number): Vmcs12Place | undefined {
  return vmcs12Places.find((place) => place.encoding === encoding || place.upperHalf === encoding)
}

function viewOf(region: Uint8Array): DataView {
  return new DataView(region.buffer, region.byteOffset, region.byteLength)
}
