import { type VmcsPlace, vmcsPlaceOf } from '../vmcs/vmcs-field.ts'
import type { VmcsLayout } from '../vmcs/vmcs-layout.ts'
import type { secondaryControls } from './controls.ts'
import { ownFields } from './own-fields.rows.ts'
import { type Vmcs12Field, vmcs12Places } from './vmcs12.ts'

/** A field of the current VMCS: one that KVM keeps, or one of a processor's own. */
export type LiveField = Vmcs12Field | keyof typeof ownFields

/** Reads fields of one VMCS by where they are. */
export type PlaceReader = (place: LivePlace) => bigint

/** Reads fields of one VMCS. */
export type LiveReader = (field: LiveField) => bigint

/** What a field is, where it lies in a region, and the secondary control that it comes with, if it does not always come. */
export interface LivePlace extends VmcsPlace {
  readonly field: LiveField
  readonly offset: number
  readonly needs?: keyof typeof secondaryControls
}

const own = Object.entries(ownFields).map(([name, [offset, needs]]): LivePlace => {
  const field = name as keyof typeof ownFields
  return { ...vmcsPlaceOf(field), field, offset, needs }
})

/** Every field of the current VMCS. */
export const livePlaces: readonly LivePlace[] = [...vmcs12Places, ...own]

/** Where the fields of the current VMCS lie: as KVM has them, and behind that a processor's own. */
export const liveLayout: VmcsLayout = Object.fromEntries(livePlaces.map(({ field, offset }) => [field, offset]))
