import { type VmcsPlace, vmcsPlaceOf } from '../vmcs/vmcs-field.ts'
import type { VmcsLayout } from '../vmcs/vmcs-layout.ts'
import { entryControls, secondaryControls } from './controls.ts'
import { ownFields } from './own-fields.rows.ts'
import { type Vmcs12Field, vmcs12Places } from './vmcs12.ts'
import { offersControl, type VmxMsrs } from './vmx-limits.ts'

/** A field of the current VMCS: one that KVM keeps, or one of a processor's own. */
export type LiveField = Vmcs12Field | keyof typeof ownFields

/** Reads fields of one VMCS by where they are. */
export type PlaceReader = (place: LivePlace) => bigint

/** Reads fields of one VMCS. */
export type LiveReader = (field: LiveField) => bigint

/** What a field is, where it lies in a region, and the control that it comes with, if it does not always come. */
export interface LivePlace extends VmcsPlace {
  readonly field: LiveField
  readonly offset: number
  readonly needs?: readonly [group: 'secondary' | 'entry', control: bigint]
}

const own = Object.entries(ownFields).map(([name, [offset, needs]]): LivePlace => {
  const field = name as keyof typeof ownFields
  return { ...vmcsPlaceOf(field), field, offset, needs: ['secondary', secondaryControls[needs]] }
})

/** Of CET. */
const enforcement: ReadonlySet<Vmcs12Field> = new Set([
  ...(['GUEST_S_CET', 'GUEST_SSP', 'GUEST_INTR_SSP_TABLE'] as const),
  ...(['HOST_S_CET', 'HOST_SSP', 'HOST_INTR_SSP_TABLE'] as const),
])
const kvms = vmcs12Places.map(
  (place): LivePlace => (enforcement.has(place.field) ? { ...place, needs: ['entry', entryControls.LOAD_CET] } : place),
)

/** Every field of the current VMCS. */
export const livePlaces: readonly LivePlace[] = [...kvms, ...own]

/** Where the fields of the current VMCS lie: as KVM has them, and behind that a processor's own. */
export const liveLayout: VmcsLayout = Object.fromEntries(livePlaces.map(({ field, offset }) => [field, offset]))

/** Whether a processor with such capabilities has a field. */
export const isOfferedPlace = (msrs: VmxMsrs, { needs }: LivePlace): boolean =>
  needs === undefined || offersControl(msrs, ...needs)
