import { vmcs12Places } from '../vmcs12/vmcs12.ts'
import { readBytes, writeBytes } from './field-bytes.ts'
import { type VmcsField, vmcsPlaceOf, vmcsPlaces } from './vmcs-field.ts'

/** Where fields lie in the bytes of a VMCS. Fields that have no place read as 0. */
export type VmcsLayout = Readonly<Partial<Record<VmcsField, number>>>

/** Values of fields; of those that are left out nothing is said. */
export type VmcsValues = { readonly [F in VmcsField]?: bigint }

/** Reads fields of a VMCS. */
export type VmcsReader = (field: VmcsField) => bigint

/** Where KVM keeps what it has for a hypervisor in the guest. Source: arch/x86/kvm/vmx/vmcs12.h (Linux 6.12). */
export const vmcs12Layout: VmcsLayout = Object.fromEntries(vmcs12Places.map(({ field, offset }) => [field, offset]))

const head = 64

/** A layout with a place for every field, eight bytes each: for those who need what KVM's lacks. It is no processor's. */
export const wholeVmcsLayout: VmcsLayout = Object.fromEntries(vmcsPlaces.map(({ field }, at) => [field, head + 8 * at]))

/** Bytes of a VMCS in a layout of ours. */
export const wholeVmcsBytes: number = head + 8 * vmcsPlaces.length

/** Reads fields of a VMCS; nothing beyond its end is read as anything but 0. */
export function vmcsReader(bytes: Uint8Array, layout: VmcsLayout = vmcs12Layout): VmcsReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (field) => {
    const offset = layout[field]
    return offset === undefined ? 0n : readBytes(view, { offset, bytes: vmcsPlaceOf(field).bytes })
  }
}

/** Writes fields of a VMCS; what has no place there, or lies beyond its end, is dropped. */
export function writeVmcs(bytes: Uint8Array, values: VmcsValues, layout: VmcsLayout = vmcs12Layout): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const [field, value] of Object.entries(values) as [VmcsField, bigint][]) {
    const offset = layout[field]
    if (offset !== undefined) writeBytes(view, { offset, bytes: vmcsPlaceOf(field).bytes }, value)
  }
}

/** A VMCS with these fields, and 0 in all others, in the layout that has a place for each. */
export function wholeVmcsOf(values: VmcsValues): Uint8Array {
  const bytes = new Uint8Array(wholeVmcsBytes)
  writeVmcs(bytes, values, wholeVmcsLayout)
  return bytes
}
